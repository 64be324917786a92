"""`torch.onnx`'s names: models are not exported."""

from minitorch._not_covered import any_name, refused

__all__ = ["export", "is_in_onnx_export", "register_custom_op_symbolic"]

export = refused("torch.onnx.export", "save the state_dict, and export the model in PyTorch")
dynamo_export = export


def is_in_onnx_export() -> bool:
    """False."""
    return False


def register_custom_op_symbolic(
    symbolic_name: str, symbolic_fn: object, opset_version: int
) -> None:
    """Do nothing: it would matter in an export alone."""


unregister_custom_op_symbolic = register_custom_op_symbolic

__getattr__ = any_name(__name__)
