"""What a language is called, by the word after the fence of its code."""

from __future__ import annotations

from slmdesk.messages import tr

_TITLES = {
    "asm": "Assembly",
    "bash": "Bash",
    "bat": "Batch",
    "c": "C",
    "c#": "C#",
    "c++": "C++",
    "cmake": "CMake",
    "cpp": "C++",
    "cs": "C#",
    "csharp": "C#",
    "css": "CSS",
    "csv": "CSV",
    "diff": "Diff",
    "docker": "Dockerfile",
    "dockerfile": "Dockerfile",
    "fsharp": "F#",
    "go": "Go",
    "golang": "Go",
    "graphql": "GraphQL",
    "html": "HTML",
    "ini": "INI",
    "java": "Java",
    "javascript": "JavaScript",
    "js": "JavaScript",
    "json": "JSON",
    "jsonc": "JSON",
    "jsx": "JSX",
    "julia": "Julia",
    "kt": "Kotlin",
    "kotlin": "Kotlin",
    "latex": "LaTeX",
    "lua": "Lua",
    "make": "Makefile",
    "makefile": "Makefile",
    "matlab": "MATLAB",
    "md": "Markdown",
    "markdown": "Markdown",
    "objc": "Objective-C",
    "ocaml": "OCaml",
    "perl": "Perl",
    "php": "PHP",
    "powershell": "PowerShell",
    "ps1": "PowerShell",
    "py": "Python",
    "python": "Python",
    "python3": "Python",
    "r": "R",
    "rb": "Ruby",
    "rs": "Rust",
    "ruby": "Ruby",
    "rust": "Rust",
    "scala": "Scala",
    "sh": "Shell",
    "shell": "Shell",
    "sql": "SQL",
    "swift": "Swift",
    "tex": "TeX",
    "toml": "TOML",
    "ts": "TypeScript",
    "tsx": "TSX",
    "typescript": "TypeScript",
    "vue": "Vue",
    "xml": "XML",
    "yaml": "YAML",
    "yml": "YAML",
    "zig": "Zig",
    "zsh": "Zsh",
}
_PLAIN = ("", "plain", "plaintext", "text", "txt")


def language_title(language: str) -> str:
    """The name of a language, as it writes itself; of one that is not known here, its own word."""
    if language in _PLAIN:
        return tr("Plain text")
    return _TITLES.get(language, language[:1].upper() + language[1:])
