# The C examples of the manual's pages as one function each, to see that they compile. A function that an example begins
# with, up to the first empty line, stands before it.
function open_example() {
  printf "void example_%d(void);\nvoid example_%d(void)\n{\n", ++count, count
  open = 1
}
BEGIN {
  print "#include <slim/slim.h>\n#include <stdio.h>\n#include <string.h>"
  print "extern slim_graph *g, *eval_graph;\nextern slim_session *session;\nextern slim_optimizer *optimizer;\nextern slim_metric accuracy;"
  print "extern slim_tensor *images, *labels, *net, *logits, *one_hot, *predictions, *targets, *w, *my_loss, *total_loss;"
  print "extern slim_tensor *weights, *step, *train_op;\nextern const char *checkpoint_path;\nextern const float *batch;"
  print "extern bool is_training;\nextern float result[320];\nextern slim_error error;\nslim_tensor *my_layer(const slim_args *args);"
  print "slim_status before_run(void *user, slim_hook_run *run, slim_error *error);"
  print "slim_status after_run(void *user, slim_hook_run *run, slim_error *error);"
}
/^@code\{\.c\}$/ {
  inside = 1
  open = 0
  next
}
/^@endcode$/ && inside {
  inside = 0
  print "}"
}
inside && !open && !own {
  own = /^slim_.*\)$/
  if (own) {
    sub(/^/, "static ")
  } else {
    open_example()
  }
}
inside && own && /^$/ {
  own = 0
  open_example()
  next
}
inside {
  print (own ? "" : "  ") $0
}
