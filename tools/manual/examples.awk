# The C examples of the manual's pages as one function each, to see that they compile.
BEGIN {
  print "#include <slim/slim.h>\n#include <stdio.h>"
  print "extern slim_graph *g, *eval_graph;\nextern slim_session *session;\nextern slim_optimizer *optimizer;\nextern slim_metric accuracy;"
  print "extern slim_tensor *images, *labels, *net, *logits, *one_hot, *predictions, *targets, *w, *my_loss, *total_loss;"
  print "extern slim_tensor *weights, *step, *train_op;\nextern const char *checkpoint_path;\nextern const float *batch;"
  print "extern float result[320];\nextern slim_error error;\nslim_tensor *my_layer(const slim_args *args);"
}
/^@code\{\.c\}$/ {
  inside = 1
  printf "void example_%d(void);\nvoid example_%d(void)\n{\n", ++count, count
  next
}
/^@endcode$/ && inside {
  inside = 0
  print "}"
}
inside {
  print "  " $0
}
