/* Functions of two elements, by number, as slim_binary_kind counts them. */
#ifndef SLIM_KERNEL_BINARY_H
#define SLIM_KERNEL_BINARY_H

enum slim_binary {
  SLIM_ADD,
  SLIM_SUB,
  SLIM_MUL,
  SLIM_DIV,
  SLIM_DIV_NO_NAN,
  SLIM_MAXIMUM,
  SLIM_MINIMUM,
  SLIM_GREATER,
  SLIM_EQUAL
};

/* type_ is float or a vector of floats. */
#define SLIM_TRUTH(type_, is_) ((is_) ? (type_)(1.0f) : (type_)(0.0f))
#define SLIM_BINARY(type_, a_, b_, kind_)                                                                              \
  ((kind_) == SLIM_ADD          ? (a_) + (b_)                                                                          \
   : (kind_) == SLIM_SUB        ? (a_) - (b_)                                                                          \
   : (kind_) == SLIM_MUL        ? (a_) * (b_)                                                                          \
   : (kind_) == SLIM_DIV        ? (a_) / (b_)                                                                          \
   : (kind_) == SLIM_DIV_NO_NAN ? ((b_) == (type_)(0.0f) ? (type_)(0.0f) : (a_) / (b_))                                \
   : (kind_) == SLIM_MAXIMUM    ? ((a_) < (b_) ? (b_) : (a_))                                                          \
   : (kind_) == SLIM_MINIMUM    ? ((b_) < (a_) ? (b_) : (a_))                                                          \
   : (kind_) == SLIM_GREATER    ? SLIM_TRUTH(type_, (a_) > (b_))                                                       \
                                : SLIM_TRUTH(type_, (a_) == (b_)))

#endif
