"""The command line: the same services as the window, with the same words.

Commands and their groups are in one module each; `main` starts them. Nothing is exported here, so that
looking for a display (`cli.display`) costs a start of the window no more than that.
"""
