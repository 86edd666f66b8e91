/* Functions of one element, by number, as slim_unary_kind counts them. */
#ifndef SLIM_KERNEL_UNARY_H
#define SLIM_KERNEL_UNARY_H

enum slim_unary {
  SLIM_NEGATE,
  SLIM_ABS,
  SLIM_SIGN,
  SLIM_SQUARE,
  SLIM_SQRT,
  SLIM_RSQRT,
  SLIM_EXP,
  SLIM_LOG,
  SLIM_RECIPROCAL,
  SLIM_SCALE_ADD,
  SLIM_NOT_ZERO
};

/* type_ is float or a vector of floats; x_ * a_ + b_ is the one with numbers of its own. */
#define SLIM_UNARY(type_, x_, kind_, a_, b_)                                                                           \
  ((kind_) == SLIM_NEGATE       ? -(x_)                                                                                \
   : (kind_) == SLIM_ABS        ? fabs(x_)                                                                             \
   : (kind_) == SLIM_SIGN       ? ((x_) > (type_)(0.0f)   ? (type_)(1.0f)                                              \
                                   : (x_) < (type_)(0.0f) ? (type_)(-1.0f)                                             \
                                                          : (x_))                                                      \
   : (kind_) == SLIM_SQUARE     ? (x_) * (x_)                                                                          \
   : (kind_) == SLIM_SQRT       ? sqrt(x_)                                                                             \
   : (kind_) == SLIM_RSQRT      ? rsqrt(x_)                                                                            \
   : (kind_) == SLIM_EXP        ? exp(x_)                                                                              \
   : (kind_) == SLIM_LOG        ? log(x_)                                                                              \
   : (kind_) == SLIM_RECIPROCAL ? 1.0f / (x_)                                                                          \
   : (kind_) == SLIM_SCALE_ADD  ? (x_) * (a_) + (b_)                                                                   \
                                : ((x_) != (type_)(0.0f) ? (type_)(1.0f) : (type_)(0.0f)))

#endif
