/* A device that is not there. Telling which are loads every driver, and drivers keep memory of their own. */
#include "test_main.h"

#include "slim/slim.h"

#include <string.h>

START_TEST(a_missing_device_is_named_with_those_there_are)
{
  static const char begin[] = "device 'nowhere': no such device; there are: cpu";
  slim_error error = { SLIM_OK, "" };
  slim_graph *graph = slim_graph_create(1);
  ck_assert_ptr_null(slim_session_open(graph, "nowhere", &error));
  ck_assert_int_eq(error.status, SLIM_ERR_NOT_FOUND);
  ck_assert_msg(strncmp(error.text, begin, sizeof begin - 1) == 0, "%s", error.text);
  slim_graph_destroy(graph);
}
END_TEST

static void build(TCase *c)
{
  tcase_add_test(c, a_missing_device_is_named_with_those_there_are);
}
TEST_MAIN("missing_device", build, NULL)
