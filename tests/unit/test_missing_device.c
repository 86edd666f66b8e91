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

static void assert_not_opened(const char *selector, const char *text)
{
  slim_error error = { SLIM_OK, "" };
  slim_device *device = NULL;
  ck_assert_int_eq(slim_device_open(selector, &device, &error), SLIM_ERR_ARG);
  ck_assert_ptr_null(device);
  ck_assert_str_eq(error.text, text);
}

START_TEST(what_names_no_device_is_told)
{
  assert_not_opened("", "device: the selector is empty; use cpu, opencl, opencl:<n>, auto or a name");
  ck_assert_int_eq(setenv("SLIM_ISA", "mmx", 1), 0);
  assert_not_opened("cpu",
                    "device 'cpu': SLIM_ISA is 'mmx': use baseline, avx2 or avx512, as far as this processor has it");
  ck_assert_int_eq(unsetenv("SLIM_ISA"), 0);
}
END_TEST

static void build(TCase *c)
{
  tcase_add_test(c, what_names_no_device_is_told);
  tcase_add_test(c, a_missing_device_is_named_with_those_there_are);
}
TEST_MAIN("missing_device", build, NULL)
