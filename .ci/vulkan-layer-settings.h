// What ggml-vulkan.cpp uses of VK_EXT_layer_settings, for Vulkan headers older than 1.3.272 (Debian 12 has
// 1.3.239), as the Vulkan specification lays it out in memory. `.ci/vulkan` includes it where it is missing.
#pragma once
#ifdef __cplusplus
#include <cstdint>
#include <vector>

namespace vk {

enum class LayerSettingTypeEXT : std::int32_t { eBool32 = 0 };

struct LayerSettingEXT {
    const char *pLayerName;
    const char *pSettingName;
    LayerSettingTypeEXT type;
    std::uint32_t valueCount;
    const void *pValues;
};

struct LayerSettingsCreateInfoEXT {
    std::int32_t sType = 1000496000;
    const void *pNext = nullptr;
    std::uint32_t settingCount;
    const LayerSettingEXT *pSettings;

    explicit LayerSettingsCreateInfoEXT(const std::vector<LayerSettingEXT> &settings)
        : settingCount(static_cast<std::uint32_t>(settings.size())), pSettings(settings.data()) {}
};

} // namespace vk
#endif
