"""A typical use of torchinfo, with everything printed that it computes."""

import torch
from torchinfo import summary

m = torch.nn.Sequential(
    torch.nn.Conv2d(1, 8, 3),
    torch.nn.ReLU(),
    torch.nn.MaxPool2d(2),
    torch.nn.Flatten(),
    torch.nn.Linear(8 * 13 * 13, 10),
)
print(
    summary(
        m,
        input_size=(4, 1, 28, 28),
        verbose=0,
        col_names=("input_size", "output_size", "num_params", "kernel_size", "mult_adds"),
        row_settings=("depth", "var_names"),
    )
)
print(summary(torch.nn.LSTM(4, 8, 2, batch_first=True), input_size=(2, 5, 4), verbose=0))
print(summary(torch.nn.TransformerEncoderLayer(8, 2, 16), input_size=(2, 5, 8), verbose=0))
