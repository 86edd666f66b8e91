"""The benchmark networks, layer by layer as TF-Slim has them, over the ops of any framework.

n offers: conv, max_pool, avg_pool, concat, add_relu, mean, dropout, squeeze. Names are those of the variables. n.conv(x, name,
(kh, kw), stride, padding, norm, activation, depthwise); padding "SAME", "VALID" or pixels on every side; norm "bias", "bn" or
None. Each function returns the logits, and those of its auxiliary head or None.
"""


def lenet(n, x):
    for i in (1, 2):
        x = n.max_pool(n.conv(x, f"LeNet/conv{i}", (5, 5), norm="bias"), 2, 2, "VALID")
    x = n.dropout(n.dense(n.flatten(x), "LeNet/fc3", "relu"), 0.5)
    return n.dense(x, "LeNet/fc4", None), None


def fully_connected_as_convolutions(n, x, scope, kernel):
    x = n.dropout(n.conv(x, f"{scope}/fc6", kernel, padding="VALID", norm="bias"), 0.5)
    x = n.dropout(n.conv(x, f"{scope}/fc7", (1, 1), norm="bias"), 0.5)
    return n.squeeze(n.conv(x, f"{scope}/fc8", (1, 1), norm="bias", activation=None)), None


def alexnet_v2(n, x):
    x = n.conv(x, "alexnet_v2/conv1", (11, 11), 4, "VALID", "bias")
    x = n.max_pool(x, 3, 2, "VALID")
    x = n.max_pool(n.conv(x, "alexnet_v2/conv2", (5, 5), norm="bias"), 3, 2, "VALID")
    for i in (3, 4, 5):
        x = n.conv(x, f"alexnet_v2/conv{i}", (3, 3), norm="bias")
    return fully_connected_as_convolutions(n, n.max_pool(x, 3, 2, "VALID"), "alexnet_v2", (5, 5))


def vgg_16(n, x):
    for stage, convolutions in enumerate((2, 2, 3, 3, 3), 1):
        for i in range(1, convolutions + 1):
            x = n.conv(x, f"vgg_16/conv{stage}/conv{stage}_{i}", (3, 3), norm="bias")
        x = n.max_pool(x, 2, 2, "VALID")
    return fully_connected_as_convolutions(n, x, "vgg_16", (7, 7))


def resnet_v1_50(n, x):
    n.epsilon, n.decay = 1.001e-5, 0.997
    x = n.max_pool(n.conv(x, "resnet_v1_50/conv1", (7, 7), 2, 3), 3, 2, "SAME")
    for block, units in enumerate((3, 4, 6, 3), 1):
        for unit in range(1, units + 1):
            scope = f"resnet_v1_50/block{block}/unit_{unit}/bottleneck_v1"
            stride = 2 if unit == units and block < 4 else 1  # in the last unit of a block, on the 3x3
            if unit == 1:
                shortcut = n.conv(x, f"{scope}/shortcut", (1, 1), stride, activation=None)
            else:
                shortcut = n.max_pool(x, 1, stride, "SAME") if stride > 1 else x
            y = n.conv(x, f"{scope}/conv1", (1, 1))
            y = n.conv(y, f"{scope}/conv2", (3, 3), stride, 1)
            x = n.add_relu(shortcut, n.conv(y, f"{scope}/conv3", (1, 1), activation=None))
    return n.squeeze(n.conv(n.mean(x), "resnet_v1_50/logits", (1, 1), norm="bias", activation=None)), None


def mobilenet_v1(n, x):
    x = n.conv(x, "MobilenetV1/Conv2d_0", (3, 3), 2, activation="relu6")
    for i, stride in enumerate((1, 2, 1, 2, 1, 2, 1, 1, 1, 1, 1, 2, 1), 1):
        x = n.conv(x, f"MobilenetV1/Conv2d_{i}_depthwise", (3, 3), stride, activation="relu6", depthwise=True)
        x = n.conv(x, f"MobilenetV1/Conv2d_{i}_pointwise", (1, 1), activation="relu6")
    x = n.dropout(n.avg_pool(x, 7, 1, "VALID"), 0.999)
    return n.squeeze(n.conv(x, "MobilenetV1/Logits/Conv2d_1c_1x1", (1, 1), norm="bias", activation=None)), None


def inception_v3(n, x):
    scope = "InceptionV3/"

    def conv(x, name, kernel, stride=1, padding="SAME"):
        return n.conv(x, scope + name, kernel, stride, padding)

    def chain(x, block, branch, layers):
        for name, kernel in layers:
            x = conv(x, f"{block}/Branch_{branch}/{name}", kernel)
        return x

    def pooled(x, block, branch=3):
        return conv(n.avg_pool(x, 3, 1, "SAME"), f"{block}/Branch_{branch}/Conv2d_0b_1x1", (1, 1))

    def mixed_5(x, block, first="Conv2d_0a_1x1", second="Conv2d_0b_5x5"):
        return n.concat(
            [
                chain(x, block, 0, [("Conv2d_0a_1x1", (1, 1))]),
                chain(x, block, 1, [(first, (1, 1)), (second, (5, 5))]),
                chain(x, block, 2, [("Conv2d_0a_1x1", (1, 1)), ("Conv2d_0b_3x3", (3, 3)), ("Conv2d_0c_3x3", (3, 3))]),
                pooled(x, block),
            ]
        )

    def mixed_6(x, block):
        return n.concat(
            [
                chain(x, block, 0, [("Conv2d_0a_1x1", (1, 1))]),
                chain(x, block, 1, [("Conv2d_0a_1x1", (1, 1)), ("Conv2d_0b_1x7", (1, 7)), ("Conv2d_0c_7x1", (7, 1))]),
                chain(
                    x,
                    block,
                    2,
                    [
                        ("Conv2d_0a_1x1", (1, 1)),
                        ("Conv2d_0b_7x1", (7, 1)),
                        ("Conv2d_0c_1x7", (1, 7)),
                        ("Conv2d_0d_7x1", (7, 1)),
                        ("Conv2d_0e_1x7", (1, 7)),
                    ],
                ),
                pooled(x, block),
            ]
        )

    def mixed_7(x, block, split):
        first = chain(x, block, 1, [("Conv2d_0a_1x1", (1, 1))])
        second = chain(x, block, 2, [("Conv2d_0a_1x1", (1, 1)), ("Conv2d_0b_3x3", (3, 3))])
        return n.concat(
            [
                chain(x, block, 0, [("Conv2d_0a_1x1", (1, 1))]),
                chain(first, block, 1, [("Conv2d_0b_1x3", (1, 3))]),
                chain(first, block, 1, [(split, (3, 1))]),
                chain(second, block, 2, [("Conv2d_0c_1x3", (1, 3))]),
                chain(second, block, 2, [("Conv2d_0d_3x1", (3, 1))]),
                pooled(x, block),
            ]
        )

    def strided(x, block, branch, name):
        return conv(x, f"{block}/Branch_{branch}/{name}", (3, 3), 2, "VALID")

    x = conv(x, "Conv2d_1a_3x3", (3, 3), 2, "VALID")
    x = conv(conv(x, "Conv2d_2a_3x3", (3, 3), 1, "VALID"), "Conv2d_2b_3x3", (3, 3))
    x = conv(n.max_pool(x, 3, 2, "VALID"), "Conv2d_3b_1x1", (1, 1), 1, "VALID")
    x = n.max_pool(conv(x, "Conv2d_4a_3x3", (3, 3), 1, "VALID"), 3, 2, "VALID")
    x = mixed_5(x, "Mixed_5b")
    x = mixed_5(x, "Mixed_5c", "Conv2d_0b_1x1", "Conv_1_0c_5x5")
    x = mixed_5(x, "Mixed_5d")
    y = chain(x, "Mixed_6a", 1, [("Conv2d_0a_1x1", (1, 1)), ("Conv2d_0b_3x3", (3, 3))])
    x = n.concat(
        [
            strided(x, "Mixed_6a", 0, "Conv2d_1a_1x1"),
            strided(y, "Mixed_6a", 1, "Conv2d_1a_1x1"),
            n.max_pool(x, 3, 2, "VALID"),
        ]
    )
    for letter in "bcde":
        x = mixed_6(x, f"Mixed_6{letter}")
    aux = None
    if n.training:
        aux = n.avg_pool(x, 5, 3, "VALID")
        aux = conv(conv(aux, "AuxLogits/Conv2d_1b_1x1", (1, 1)), "AuxLogits/Conv2d_2a_5x5", (5, 5), 1, "VALID")
        aux = n.squeeze(n.conv(aux, scope + "AuxLogits/Conv2d_2b_1x1", (1, 1), norm="bias", activation=None))
    y = chain(x, "Mixed_7a", 0, [("Conv2d_0a_1x1", (1, 1))])
    z = chain(x, "Mixed_7a", 1, [("Conv2d_0a_1x1", (1, 1)), ("Conv2d_0b_1x7", (1, 7)), ("Conv2d_0c_7x1", (7, 1))])
    x = n.concat(
        [
            strided(y, "Mixed_7a", 0, "Conv2d_1a_3x3"),
            strided(z, "Mixed_7a", 1, "Conv2d_1a_3x3"),
            n.max_pool(x, 3, 2, "VALID"),
        ]
    )
    x = mixed_7(x, "Mixed_7b", "Conv2d_0b_3x1")
    x = mixed_7(x, "Mixed_7c", "Conv2d_0c_3x1")
    x = n.dropout(n.avg_pool(x, 8, 1, "VALID"), 0.8)
    return n.squeeze(n.conv(x, scope + "Logits/Conv2d_1c_1x1", (1, 1), norm="bias", activation=None)), aux


# name: function, side of the images, channels, classes
NETS = {
    "lenet": (lenet, 28, 1, 10),
    "alexnet_v2": (alexnet_v2, 224, 3, 1000),
    "vgg_16": (vgg_16, 224, 3, 1000),
    "resnet_v1_50": (resnet_v1_50, 224, 3, 1000),
    "mobilenet_v1": (mobilenet_v1, 224, 3, 1001),
    "inception_v3": (inception_v3, 299, 3, 1001),
}
