/* The activations by number, as slim_activation_kind counts them. */
#ifndef SLIM_KERNEL_ACTIVATION_H
#define SLIM_KERNEL_ACTIVATION_H

#define SLIM_ACTIVATION_RELU 1
#define SLIM_ACTIVATION_RELU6 2
#define SLIM_ACTIVATION_SIGMOID 3
#define SLIM_ACTIVATION_TANH 4
#define SLIM_ACTIVATION_ELU 5

/* type_ is float or a vector of floats. A NaN stays one. */
#define SLIM_CLAMP(type_, x_, kind_)                                                                                   \
  ((kind_) == SLIM_ACTIVATION_RELU    ? ((x_) < (type_)(0.0f) ? (type_)(0.0f) : (x_))                                  \
   : (kind_) == SLIM_ACTIVATION_RELU6 ? ((x_) < (type_)(0.0f)   ? (type_)(0.0f)                                        \
                                         : (x_) > (type_)(6.0f) ? (type_)(6.0f)                                        \
                                                                : (x_))                                                \
                                      : (x_))
#define SLIM_ACTIVATE(type_, x_, kind_)                                                                                \
  ((kind_) == SLIM_ACTIVATION_SIGMOID ? 1.0f / (1.0f + exp(-(x_)))                                                     \
   : (kind_) == SLIM_ACTIVATION_TANH  ? tanh(x_)                                                                       \
   : (kind_) == SLIM_ACTIVATION_ELU   ? ((x_) > (type_)(0.0f) ? (x_) : expm1(x_))                                      \
                                      : SLIM_CLAMP(type_, x_, kind_))

static inline float slim_activate(const float x, const int kind)
{
  return SLIM_ACTIVATE(float, x, kind);
}

/* dx from dy and the activation's own result y. */
#define SLIM_CLAMP_GRADIENT(type_, dy_, y_, kind_)                                                                     \
  ((kind_) == SLIM_ACTIVATION_RELU    ? ((y_) > (type_)(0.0f) ? (dy_) : (type_)(0.0f))                                 \
   : (kind_) == SLIM_ACTIVATION_RELU6 ? ((y_) > (type_)(0.0f) ? ((y_) < (type_)(6.0f) ? (dy_) : (type_)(0.0f))         \
                                                              : (type_)(0.0f))                                         \
                                      : (dy_))
#define SLIM_ACTIVATE_GRADIENT(type_, dy_, y_, kind_)                                                                  \
  ((kind_) == SLIM_ACTIVATION_SIGMOID ? (dy_) * (y_) * (1.0f - (y_))                                                   \
   : (kind_) == SLIM_ACTIVATION_TANH  ? (dy_) * (1.0f - (y_) * (y_))                                                   \
   : (kind_) == SLIM_ACTIVATION_ELU   ? ((y_) > (type_)(0.0f) ? (dy_) : (dy_) * ((y_) + 1.0f))                         \
                                      : SLIM_CLAMP_GRADIENT(type_, dy_, y_, kind_))

static inline float slim_activate_gradient(const float dy, const float y, const int kind)
{
  return SLIM_ACTIVATE_GRADIENT(float, dy, y, kind);
}

#endif
