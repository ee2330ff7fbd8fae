"""What Patchbay says, in every language that it speaks."""
