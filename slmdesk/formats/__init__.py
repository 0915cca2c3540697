"""What a model file says about itself. Reads any byte source and imports nothing of ours."""
