"""Makes keras_cases.json: small Keras models in HDF5 files, an input of two examples, and what Keras makes of it. Needs keras, jax and h5py.

  KERAS_BACKEND=jax python3 Tests/Golden/keras_cases.py > Tests/Golden/keras_cases.json
"""
import base64
import json
import pathlib
import sys
import tempfile
import warnings

import keras
import numpy as np
from keras import layers as k

warnings.filterwarnings("ignore")
keras.utils.set_random_seed(7)
random = np.random.default_rng(7)
cases = []


def case(name, model, low=-1.0, high=1.0):
    # Statistics and slopes that are not those a layer begins with.
    for layer in model.layers:
        if isinstance(layer, (k.BatchNormalization, k.LayerNormalization, k.PReLU)):
            layer.set_weights([random.uniform(0.3, 1.5, w.shape).astype(np.float32) for w in layer.get_weights()])
    value = random.uniform(low, high, (2,) + model.input_shape[1:]).astype(np.float32)
    result = np.asarray(model.predict(value, verbose=0), np.float32)
    path = pathlib.Path(tempfile.mkdtemp()) / "model.h5"
    model.save(path)
    cases.append({
        "name": name, "model": base64.b64encode(path.read_bytes()).decode(), "shape": list(value.shape),
        "input": [float(v) for v in value.reshape(-1)], "resultShape": list(result.shape),
        "result": [float(v) for v in result.reshape(-1)]})


def chain(name, shape, *layers, **options):
    case(name, keras.Sequential([keras.Input(shape), *layers]), **options)


chain("dense", (5,), k.Dense(6, activation="relu"), k.Dropout(0.5), k.BatchNormalization(), k.Dense(4, use_bias=False), k.Softmax())
chain("convolutions", (9, 8, 2), k.Conv2D(4, 3, strides=2, padding="same"), k.BatchNormalization(), k.ReLU(max_value=0.7),
      k.DepthwiseConv2D(3, depth_multiplier=2, padding="same"), k.LeakyReLU(negative_slope=0.2), k.MaxPooling2D(2),
      k.SeparableConv2D(3, 2, padding="same", activation="tanh"), k.GlobalAveragePooling2D(), k.Dense(3, activation="sigmoid"))
chain("dilation and groups", (8, 7, 4), k.Conv2D(6, (3, 2), dilation_rate=2, groups=2, activation="elu"), k.AveragePooling2D(2, strides=1, padding="same"),
      k.Flatten(), k.Dense(3))
chain("sequences", (12, 3), k.Conv1D(4, 3, padding="causal", dilation_rate=2), k.MaxPooling1D(2, padding="same"), k.SpatialDropout1D(0.1),
      k.SeparableConv1D(5, 2), k.ZeroPadding1D((1, 2)), k.AveragePooling1D(3, 2), k.Cropping1D(1), k.GlobalMaxPooling1D(), k.Dense(2, activation="gelu"))
chain("upwards", (4, 3, 2), k.Conv2DTranspose(3, 3, strides=2, padding="same"), k.ELU(0.7), k.ZeroPadding2D(((1, 0), (2, 1))), k.PReLU(shared_axes=[1, 2]),
      k.Cropping2D(((0, 1), (1, 0))), k.UpSampling2D((2, 1)), k.Conv2DTranspose(2, 2, padding="valid"), k.GlobalMaxPooling2D())
chain("forms", (6,), k.Rescaling(0.5, offset=0.1), k.Normalization(mean=[0.1, -0.2, 0, 0.3, 0.5, -0.4], variance=[1, 0.5, 2, 1, 0.25, 1.5]), k.Reshape((2, 3)),
      k.Permute((2, 1)), k.LayerNormalization(), k.Flatten(), k.Dense(3))
for name in ["silu", "softplus", "hard_sigmoid", "selu", "softsign", "relu6", "exponential", "leaky_relu", "log_softmax"]:
    chain(name, (4,), k.Dense(5, activation=name))

x = keras.Input((5,))
shared = k.Dense(5, activation="relu")
a, b = shared(x), shared(k.Activation("tanh")(x))
parts = [k.Add()([a, b]), k.Subtract()([a, b]), k.Multiply()([a, b]), k.Average()([a, b]), k.Maximum()([a, b]), k.Minimum()([a, b])]
case("network", keras.Model(x, k.Dense(3)(k.Concatenate()(parts))))
x = keras.Input((6, 6, 2))
y = k.Conv2D(4, 3, padding="same", activation="relu")(x)
z = k.Add()([y, k.Conv2D(4, 1)(x)])
case("residual", keras.Model(x, k.Dense(2)(k.GlobalAveragePooling2D()(z))))

print(json.dumps({"made": f"keras {keras.__version__}", "cases": cases}, separators=(",", ":")))
