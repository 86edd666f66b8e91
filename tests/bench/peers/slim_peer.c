/* slim_peer DEVICE: SlimCL as a peer of its own comparison. It takes turns by the lines of JSON that worker.py
 * describes: "open" makes a net as slimcl bench does, "turn" runs it. */
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "bench.h"

typedef struct peer {
  slim_device *device;
  bench_work work;
  slim_error error;
} peer;

static const char *text(const cJSON *request, const char *name)
{
  const char *value = cJSON_GetStringValue(cJSON_GetObjectItem(request, name));
  return value ? value : "";
}

static double number(const cJSON *request, const char *name)
{
  return cJSON_GetNumberValue(cJSON_GetObjectItem(request, name));
}

static cJSON *open_net(peer *p, const cJSON *request)
{
  const bench_options options = { .model_name = text(request, "net"),
                                  .mode = text(request, "mode"),
                                  .batch_size = (int64_t)number(request, "batch"),
                                  .num_classes = (int64_t)number(request, "classes"),
                                  .learning_rate = number(request, "rate"),
                                  .momentum = number(request, "momentum"),
                                  .checkpoint_path = text(request, "prefix") };
  bench_release(&p->work);
  (void)bench_open_net(&options, p->device, &p->work, &p->error);
  return cJSON_CreateNull();
}

static double run(peer *p)
{
  bench_work *w = &p->work;
  const double start = bench_now_ms();
  const slim_status status = slim_session_run(w->session, w->feeds, w->num_feeds, &w->fetch, 1);
  if (status != SLIM_OK) {
    (void)slim_error_set(&p->error, status, "%s", slim_session_error(w->session));
  }
  return bench_now_ms() - start;
}

/* As worker.turn has it. */
static cJSON *turn(peer *p, const cJSON *request)
{
  cJSON *times = cJSON_CreateArray();
  const double warm_ms = number(request, "warm_ms"), time_ms = number(request, "time_ms");
  for (double start = bench_now_ms(); p->error.status == SLIM_OK && bench_now_ms() - start < warm_ms;) {
    (void)run(p);
  }
  double sum = 0;
  do {
    const double ms = run(p);
    cJSON_AddItemToArray(times, cJSON_CreateNumber(ms));
    sum += ms;
  } while (p->error.status == SLIM_OK && sum < time_ms);
  return times;
}

static cJSON *call(peer *p, const cJSON *request)
{
  const bool opens = strcmp(text(request, "call"), "open") == 0;
  cJSON *answer = cJSON_CreateObject(), *result = NULL;
  if (opens || p->work.session) {
    result = opens ? open_net(p, request) : turn(p, request);
  } else {
    (void)slim_error_set(&p->error, SLIM_ERR_ARG, "no net is open");
  }
  if (p->error.status == SLIM_OK) {
    cJSON_AddItemToObject(answer, "result", result);
  } else {
    cJSON_Delete(result);
    cJSON_AddStringToObject(answer, "error", p->error.text);
  }
  return answer;
}

int main(int argc, char **argv)
{
  char line[8192];
  peer p = { 0 };
  if (argc != 2 || slim_device_open(argv[1], &p.device, &p.error) != SLIM_OK) {
    (void)fprintf(stderr, "%s\n", argc != 2 ? "usage: slim_peer DEVICE" : p.error.text);
    return EXIT_FAILURE;
  }
  while (fgets(line, sizeof line, stdin)) {
    cJSON *request = cJSON_Parse(line), *answer = call(&p, request);
    char *printed = cJSON_PrintUnformatted(answer);
    (void)printf("%s\n", printed ? printed : "{}");
    (void)fflush(stdout);
    cJSON_free(printed);
    cJSON_Delete(answer);
    cJSON_Delete(request);
  }
  bench_release(&p.work);
  slim_device_close(p.device);
  return EXIT_SUCCESS;
}
