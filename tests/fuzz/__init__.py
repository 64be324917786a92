"""Programs drawn at random, which must do under minitorch what they do under PyTorch."""
