"""A Parameter subclass that keeps quantized numbers and what they stand for."""

import copy
import io

import torch
from torch import nn


class Quantized(nn.Parameter):
    def __new__(cls, data, requires_grad=False, scale=None, quantized=False):
        self = torch.Tensor._make_subclass(cls, data, requires_grad)
        self.scale, self.quantized = scale, quantized
        return self

    def quantize(self):
        scale = self.data.abs().max() / 127
        return Quantized((self.data / scale).round().to(torch.int8), scale=scale, quantized=True)

    def dequantize(self):
        return self.data.float() * self.scale

    def __deepcopy__(self, memo):
        made = type(self).__new__(type(self), copy.deepcopy(self.data, memo))
        made.__dict__ = copy.deepcopy(self.__dict__, memo)
        return made


class QuantizedLinear(nn.Linear):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.weight = Quantized(self.weight.data)

    def quantize(self):
        self.weight = self.weight.quantize()
        return self

    def forward(self, x):
        weight = self.weight.dequantize() if self.weight.quantized else self.weight
        return nn.functional.linear(x, weight, self.bias)


torch.manual_seed(0)
layer = QuantizedLinear(4, 2)
x = torch.randn(3, 4)
before = layer(x)
layer.quantize()
print(type(layer.weight).__name__, layer.weight.dtype, isinstance(layer.weight, nn.Parameter))
print(layer.weight, layer.weight.scale)
print((layer(x) - before).abs().max() < 0.02, type(layer.weight + 1).__name__)
twin = copy.deepcopy(layer)
print(type(twin.weight).__name__, twin.weight.quantized, twin.weight.scale == layer.weight.scale)
print([(name, type(p).__name__, p.requires_grad) for name, p in layer.named_parameters()])
file = io.BytesIO()
torch.save(layer.state_dict(), file)
file.seek(0)
state = torch.load(file)
print({name: (type(value).__name__, value.dtype) for name, value in state.items()})
print(sum(p.numel() * p.element_size() for p in layer.parameters()))
