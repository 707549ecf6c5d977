"""Makes onnx_cases.json: small ONNX models, an input of two examples, and what ONNX Runtime makes of it. Needs onnx and onnxruntime.

  python3 Tests/Golden/onnx_cases.py > Tests/Golden/onnx_cases.json
"""
import base64
import json
import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto as T, helper as h, numpy_helper as nh

random = np.random.default_rng(5)
cases = []


def weight(*shape, low=-1.0, high=1.0):
    return random.uniform(low, high, shape).astype(np.float32)


def case(name, nodes, shape, weights={}, opset=17, low=-2.0, high=2.0, dtype=T.FLOAT, dynamic=False):
    """`nodes`: (operator, inputs, outputs, attributes); from x to y."""
    made = [h.make_node(n[0], n[1], n[2], name=f"{n[0].lower()}{i}", **(n[3] if len(n) > 3 else {})) for i, n in enumerate(nodes)]
    known = [nh.from_array(np.asarray(v), k) for k, v in weights.items()]
    x = h.make_tensor_value_info("x", dtype, (["batch"] if dynamic else [shape[0]]) + list(shape[1:]))
    graph = h.make_graph(made, name, [x], [h.make_tensor_value_info("y", T.FLOAT, None)], known)
    model = h.make_model(graph, opset_imports=[h.make_opsetid("", opset)], ir_version=8)
    value = random.uniform(low, high, shape).astype(np.float32)
    try:
        run = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
        result = run.run(None, {"x": value})[0]
    except Exception as error:
        raise SystemExit(f"{name}: {error}")
    cases.append({
        "name": name, "model": base64.b64encode(model.SerializeToString()).decode(), "shape": list(shape),
        "input": [float(v) for v in value.reshape(-1)], "resultShape": list(result.shape),
        "result": [float(v) for v in np.asarray(result, np.float32).reshape(-1)]})


def one(kind, shape=(2, 6), extra=(), weights={}, name=None, **options):
    attributes = {k: options.pop(k) for k in list(options) if k not in ("opset", "low", "high", "dynamic")}
    case(name or kind, [(kind, ["x", *extra], ["y"], attributes)], shape, weights, **options)


for kind in ["Relu", "Sigmoid", "Tanh", "Exp", "Neg", "Abs", "Softplus", "Erf", "Selu", "Identity", "HardSigmoid"]:
    one(kind)
for kind in ["Log", "Sqrt", "Reciprocal"]:
    one(kind, low=0.2)
one("LeakyRelu", alpha=0.2)
one("Elu", alpha=0.7)
one("PRelu", (2, 3, 4), ["s"], {"s": weight(3, 1)})
one("Gelu", opset=20)
one("Gelu", opset=20, name="Gelu tanh", approximate="tanh")
one("Clip", extra=["a", "b"], weights={"a": np.float32(-0.5), "b": np.float32(0.75)})
one("Clip", name="Clip 6", opset=6, min=-0.5, max=0.75)
one("Clip", name="Clip high alone", extra=["", "b"], weights={"b": np.float32(0.75)})
one("Softmax", (2, 3, 4))
one("Softmax", (2, 3, 4), axis=1, name="Softmax axis 1")
one("Softmax", (2, 3, 4), axis=1, opset=11, name="Softmax 11")
one("LogSoftmax", (2, 5))
one("Dropout")
for kind in ["Add", "Sub", "Mul", "Div", "Min", "Max", "Sum", "Mean"]:
    one(kind, (2, 3, 4), ["w"], {"w": weight(3, 1, low=0.5, high=2)})
one("Mul", (2, 3), ["w"], {"w": np.float32(3.5)}, name="Mul by a number")
case("Div of a number", [("Div", ["w", "x"], ["y"])], (2, 3), {"w": np.float32(3.5)}, low=0.5)
one("Pow", extra=["e"], weights={"e": np.float32(3)})
one("Pow", extra=["e"], weights={"e": np.float32(0.5)}, name="Pow root", low=0.2)
case("Where", [("Less", ["x", "w"], ["c"]), ("Where", ["c", "x", "v"], ["y"])], (2, 6), {"w": weight(6), "v": weight(6)})
case("Greater", [("Greater", ["x", "w"], ["c"]), ("Cast", ["c"], ["y"], {"to": 1})], (2, 6), {"w": weight(6)})
case("Not Less", [("Less", ["x", "w"], ["c"]), ("Not", ["c"], ["d"]), ("Cast", ["d"], ["y"], {"to": 1})], (2, 6), {"w": weight(6)})

one("Gemm", (2, 5), ["w", "b"], {"w": weight(5, 3), "b": weight(3)})
one("Gemm", (2, 5), ["w", "b"], {"w": weight(3, 5), "b": weight(3)}, name="Gemm factors", transB=1, alpha=0.5, beta=2.0)
one("MatMul", (2, 5), ["w"], {"w": weight(5, 3)})
one("MatMul", (2, 4, 5), ["w"], {"w": weight(5, 3)}, name="MatMul stacked", dynamic=True)
case("attention", [
    ("MatMul", ["x", "q"], ["a"]), ("MatMul", ["x", "k"], ["b"]), ("Transpose", ["b"], ["c"], {"perm": [0, 2, 1]}),
    ("MatMul", ["a", "c"], ["d"]), ("Softmax", ["d"], ["e"], {"axis": -1}), ("MatMul", ["e", "x"], ["y"])],
    (2, 3, 4), {"q": weight(4, 4), "k": weight(4, 4)}, dynamic=True)

one("Conv", (2, 3, 7), ["w", "b"], {"w": weight(4, 3, 3), "b": weight(4)}, name="Conv 1-d", pads=[1, 1], strides=[2])
one("Conv", (2, 3, 7, 6), ["w", "b"], {"w": weight(4, 3, 3, 2), "b": weight(4)}, strides=[2, 1], pads=[1, 0, 1, 0])
one("Conv", (2, 3, 7, 6), ["w"], {"w": weight(4, 3, 3, 3)}, name="Conv uneven pads", pads=[0, 1, 2, 1])
one("Conv", (2, 3, 7, 6), ["w"], {"w": weight(4, 3, 3, 3)}, name="Conv same upper", auto_pad="SAME_UPPER", strides=[2, 2])
one("Conv", (2, 3, 7, 6), ["w"], {"w": weight(4, 3, 2, 2)}, name="Conv same lower", auto_pad="SAME_LOWER")
one("Conv", (2, 3, 9, 8), ["w"], {"w": weight(4, 3, 3, 2)}, name="Conv dilated", dilations=[2, 3])
one("Conv", (2, 4, 5, 5), ["w", "b"], {"w": weight(6, 2, 3, 3), "b": weight(6)}, name="Conv grouped", group=2)
one("Conv", (2, 4, 5, 5), ["w"], {"w": weight(4, 1, 3, 3)}, name="Conv depthwise", group=4, pads=[1, 1, 1, 1])
one("ConvTranspose", (2, 3, 4, 5), ["w", "b"], {"w": weight(3, 2, 3, 3), "b": weight(2)}, strides=[2, 2], pads=[1, 0, 1, 1],
    output_padding=[1, 0])
one("ConvTranspose", (2, 4, 4), ["w"], {"w": weight(4, 3, 3)}, name="ConvTranspose grouped", group=2, strides=[2])

one("AveragePool", (2, 3, 6, 5), kernel_shape=[2, 3], strides=[2, 1])
one("AveragePool", (2, 3, 6, 5), name="AveragePool padded", kernel_shape=[3, 3], pads=[1, 1, 1, 1], strides=[2, 2])
one("AveragePool", (2, 3, 6, 5), name="AveragePool counting", kernel_shape=[3, 3], pads=[1, 1, 1, 1], count_include_pad=1)
one("AveragePool", (2, 3, 6, 7), name="AveragePool ceiling", kernel_shape=[3, 3], strides=[2, 2], ceil_mode=1)
one("AveragePool", (2, 3, 7), name="AveragePool 1-d", kernel_shape=[3], strides=[2])
one("MaxPool", (2, 3, 6, 5), kernel_shape=[2, 2], strides=[2, 2])
one("MaxPool", (2, 3, 6, 5), name="MaxPool padded", kernel_shape=[3, 3], pads=[1, 1, 1, 1], strides=[2, 2], low=-3, high=-1)
one("MaxPool", (2, 3, 6, 7), name="MaxPool ceiling", kernel_shape=[3, 2], strides=[2, 2], ceil_mode=1)
one("MaxPool", (2, 3, 7), name="MaxPool 1-d", kernel_shape=[3], strides=[2])
one("GlobalAveragePool", (2, 3, 4, 5))
one("GlobalMaxPool", (2, 3, 4, 5))

statistics = {"s": weight(3), "b": weight(3), "m": weight(3), "v": weight(3, low=0.5, high=2)}
one("BatchNormalization", (2, 3, 4, 4), ["s", "b", "m", "v"], statistics, epsilon=1e-3)
one("BatchNormalization", (2, 3), ["s", "b", "m", "v"], statistics, name="BatchNormalization rows")
one("LayerNormalization", (2, 3, 5), ["s", "b"], {"s": weight(5), "b": weight(5)})
one("InstanceNormalization", (2, 3, 4, 4), ["s", "b"], {"s": weight(3), "b": weight(3)})
one("GroupNormalization", (2, 4, 3, 3), ["s", "b"], {"s": weight(4), "b": weight(4)}, opset=21, num_groups=2)
case("LayerNormalization written out", [
    ("ReduceMean", ["x"], ["m"], {"axes": [-1]}), ("Sub", ["x", "m"], ["d"]), ("Pow", ["d", "two"], ["p"]),
    ("ReduceMean", ["p"], ["v"], {"axes": [-1]}), ("Add", ["v", "eps"], ["e"]), ("Sqrt", ["e"], ["r"]), ("Div", ["d", "r"], ["n"]),
    ("Mul", ["n", "s"], ["t"]), ("Add", ["t", "b"], ["y"])],
    (2, 3, 5), {"two": np.float32(2), "eps": np.float32(1e-5), "s": weight(5), "b": weight(5)})
case("Gelu written out", [
    ("Div", ["x", "root"], ["a"]), ("Erf", ["a"], ["b"]), ("Add", ["b", "one"], ["c"]), ("Mul", ["x", "c"], ["d"]), ("Mul", ["d", "half"], ["y"])],
    (2, 6), {"root": np.float32(2 ** 0.5), "one": np.float32(1), "half": np.float32(0.5)})

one("ReduceMean", (2, 3, 4), axes=[1, 2], opset=13)
one("ReduceSum", (2, 3, 4), ["a"], {"a": np.array([2])}, keepdims=0)
one("ReduceMax", (2, 3, 4), axes=[-1], keepdims=0, opset=13)
one("ReduceMin", (2, 3, 4), axes=[1], opset=13)
case("ArgMax", [("ArgMax", ["x"], ["i"], {"axis": 1, "keepdims": 0}), ("Cast", ["i"], ["y"], {"to": 1})], (2, 7))

one("Flatten", (2, 3, 4))
one("Reshape", (2, 3, 4), ["s"], {"s": np.array([0, -1])})
one("Reshape", (2, 3, 4), ["s"], {"s": np.array([2, 12])}, name="Reshape fixed")
one("Transpose", (2, 3, 4), perm=[0, 2, 1])
case("Squeeze", [("Unsqueeze", ["x", "a"], ["u"]), ("Relu", ["u"], ["r"]), ("Squeeze", ["r", "a"], ["y"])], (2, 3), {"a": np.array([1])})
one("Squeeze", (2, 1, 3), name="Squeeze 11", axes=[1], opset=11)
case("Concat", [("Relu", ["x"], ["r"]), ("Concat", ["x", "r"], ["y"], {"axis": 1})], (2, 3))
case("Split", [("Split", ["x", "s"], ["a", "b"], {"axis": 1}), ("Concat", ["b", "a"], ["y"], {"axis": 1})], (2, 5), {"s": np.array([2, 3])})
one("Slice", (2, 6, 5), ["s", "e", "a"], {"s": np.array([1, -4]), "e": np.array([9, -1]), "a": np.array([1, 2])})
one("Slice", (2, 6), ["s", "e", "a", "t"], {"s": np.array([-1]), "e": np.array([-9]), "a": np.array([1]), "t": np.array([-2])},
    name="Slice backwards")
one("Slice", (2, 6), name="Slice 9", starts=[1], ends=[4], axes=[1], opset=9)
one("Gather", (2, 6), ["i"], {"i": np.array([[0, -1], [2, 2]])}, axis=1)
one("Pad", (2, 3, 4), ["p"], {"p": np.array([0, 0, 1, 0, 0, 2])})
one("Pad", (2, 3, 4), ["p", "v"], {"p": np.array([0, 1, 0, 0, 0, 2]), "v": np.float32(1.5)}, name="Pad with a number")
one("Pad", (2, 3, 4), ["p"], {"p": np.array([0, 0, 2, 0, 0, 1])}, name="Pad reflect", mode="reflect")
one("Pad", (2, 3, 4), ["p"], {"p": np.array([0, 1, 2, 0, 1, 1])}, name="Pad edge", mode="edge")
one("Expand", (2, 1, 3), ["s"], {"s": np.array([2, 4, 3])})
one("Resize", (2, 2, 3, 4), ["", "s"], {"s": np.array([1, 1, 2, 2], np.float32)}, mode="nearest")
one("Resize", (2, 2, 3, 4), ["", "", "s"], {"s": np.array([2, 2, 5, 7])}, name="Resize to sizes", mode="nearest",
    coordinate_transformation_mode="asymmetric", nearest_mode="floor")
case("shapes", [
    ("Shape", ["x"], ["s"]), ("Gather", ["s", "zero"], ["b"], {"axis": 0}), ("Unsqueeze", ["b", "first"], ["u"]),
    ("Concat", ["u", "rest"], ["t"], {"axis": 0}), ("Reshape", ["x", "t"], ["y"])],
    (2, 3, 4), {"zero": np.array(0), "first": np.array([0]), "rest": np.array([-1])}, dynamic=True)
case("constants", [
    ("Constant", [], ["c"], {"value": nh.from_array(weight(4, 3))}), ("Constant", [], ["s"], {"value_float": 0.25}),
    ("Mul", ["c", "s"], ["d"]), ("MatMul", ["x", "d"], ["y"])], (2, 4))
case("channels last", [
    ("Transpose", ["x"], ["a"], {"perm": [0, 3, 1, 2]}), ("Conv", ["a", "w"], ["b"]), ("Transpose", ["b"], ["y"], {"perm": [0, 2, 3, 1]})],
    (2, 5, 5, 3), {"w": weight(4, 3, 3, 3)})
case("ConstantOfShape", [
    ("ConstantOfShape", ["s"], ["o"], {"value": nh.from_array(np.array([2.5], np.float32))}), ("Add", ["x", "o"], ["y"])],
    (2, 3), {"s": np.array([3])})
case("half precision weights", [("Cast", ["w"], ["v"], {"to": 1}), ("MatMul", ["x", "v"], ["y"])], (2, 4),
     {"w": weight(4, 3).astype(np.float16)})
case("Gelu of constants", [
    ("Constant", [], ["root"], {"value_float": 2 ** 0.5}), ("Constant", [], ["one"], {"value_float": 1.0}),
    ("Constant", [], ["half"], {"value_float": 0.5}), ("Div", ["x", "root"], ["a"]), ("Erf", ["a"], ["b"]),
    ("Add", ["b", "one"], ["c"]), ("Mul", ["x", "c"], ["d"]), ("Mul", ["d", "half"], ["y"])], (2, 6))
print(json.dumps({"made": f"onnx {onnx.__version__}, onnxruntime {onnxruntime.__version__}", "cases": cases}, separators=(",", ":")))
