/* The activations by number, as slim_activation_kind counts them. */
#ifndef SLIM_KERNEL_ACTIVATION_H
#define SLIM_KERNEL_ACTIVATION_H

#define SLIM_ACTIVATION_RELU 1
#define SLIM_ACTIVATION_RELU6 2
#define SLIM_ACTIVATION_SIGMOID 3
#define SLIM_ACTIVATION_TANH 4

inline float slim_activate(const float x, const int kind)
{
  switch (kind) {
  case SLIM_ACTIVATION_RELU:
    return x < 0.0f ? 0.0f : x; /* a NaN stays one */
  case SLIM_ACTIVATION_RELU6:
    return x < 0.0f ? 0.0f : x > 6.0f ? 6.0f : x;
  case SLIM_ACTIVATION_SIGMOID:
    return 1.0f / (1.0f + exp(-x));
  case SLIM_ACTIVATION_TANH:
    return tanh(x);
  default:
    return x;
  }
}

/* dx from dy and the activation's own result y. */
inline float slim_activate_gradient(const float dy, const float y, const int kind)
{
  switch (kind) {
  case SLIM_ACTIVATION_RELU:
    return y > 0.0f ? dy : 0.0f;
  case SLIM_ACTIVATION_RELU6:
    return y > 0.0f && y < 6.0f ? dy : 0.0f;
  case SLIM_ACTIVATION_SIGMOID:
    return dy * y * (1.0f - y);
  case SLIM_ACTIVATION_TANH:
    return dy * (1.0f - y * y);
  default:
    return dy;
  }
}

#endif
