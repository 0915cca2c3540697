"""What shows a strip while it is on screen: a kind of widget for each kind of strip, used again and again."""
