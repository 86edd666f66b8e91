#include "formats/protobuf.h"
#include "test_main.h"

#include <math.h>

#define SPAN(text_) ((slim_span){ (const unsigned char *)(text_), sizeof(text_) - 1 })

START_TEST(fields_of_all_wire_types_come_back)
{
  slim_bytes out = { 0 };
  slim_proto_put_varint(&out, 1, UINT64_MAX);
  slim_proto_put_double(&out, 2, -0.5);
  slim_proto_put_text(&out, 3, "conv");
  slim_proto_put_float(&out, 500000000, 1.5f);
  slim_proto in = slim_proto_of(slim_span_of(&out));
  slim_proto_field field;
  ck_assert(slim_proto_next(&in, &field) && field.number == 1 && field.wire == SLIM_WIRE_VARINT);
  ck_assert_int_eq(slim_proto_int(&field), -1);
  ck_assert(slim_proto_next(&in, &field) && field.number == 2 && field.wire == SLIM_WIRE_FIXED64);
  ck_assert_double_eq(slim_proto_double(field.value), -0.5);
  ck_assert(slim_proto_next(&in, &field) && field.number == 3 && field.wire == SLIM_WIRE_BYTES);
  ck_assert(field.bytes.size == 4 && memcmp(field.bytes.data, "conv", 4) == 0);
  ck_assert(slim_proto_next(&in, &field) && field.number == 500000000 && field.wire == SLIM_WIRE_FIXED32);
  ck_assert_float_eq(slim_proto_float(field.value), 1.5f);
  ck_assert(!slim_proto_next(&in, &field) && !in.damaged);
  for (size_t cut = 1; cut < out.size; cut++) {
    in = slim_proto_of((slim_span){ out.data, cut });
    while (slim_proto_next(&in, &field)) {
    }
    const bool boundary = cut == 11 || cut == 20 || cut == 26;
    ck_assert_msg(in.damaged == !boundary, "cut at %zu", cut);
  }
  slim_bytes_free(&out);
}
END_TEST

static const uint64_t varints[] = { 0, 1, 127, 128, 16383, 16384, UINT32_MAX, (uint64_t)1 << 63, UINT64_MAX };

START_TEST(varints_come_back)
{
  slim_bytes out = { 0 };
  uint64_t value = 0;
  slim_proto_put_raw_varint(&out, varints[_i]);
  slim_proto in = slim_proto_of(slim_span_of(&out));
  ck_assert(slim_proto_varint(&in, &value) && value == varints[_i] && in.at == in.end);
  slim_bytes_free(&out);
}
END_TEST

START_TEST(nested_messages_of_any_length)
{
  static const size_t sizes[] = { 0, 1, 127, 128, 20000 };
  slim_bytes out = { 0 }, filler = { 0 };
  ck_assert_ptr_nonnull(slim_bytes_reserve(&filler, sizes[_i]));
  memset(filler.data, 7, sizes[_i]);
  const size_t outer = slim_proto_begin(&out, 1), inner = slim_proto_begin(&out, 2);
  slim_bytes_append(&out, filler.data, sizes[_i]);
  slim_proto_end(&out, inner);
  slim_proto_end(&out, outer);
  slim_proto_put_varint(&out, 9, 5);
  slim_proto in = slim_proto_of(slim_span_of(&out));
  slim_proto_field field;
  ck_assert(slim_proto_next(&in, &field) && field.number == 1);
  slim_proto nested = slim_proto_of(field.bytes);
  ck_assert(slim_proto_next(&nested, &field) && field.number == 2 && field.bytes.size == sizes[_i]);
  ck_assert(sizes[_i] == 0 || memcmp(field.bytes.data, filler.data, sizes[_i]) == 0);
  ck_assert(!slim_proto_next(&nested, &field) && !nested.damaged);
  ck_assert(slim_proto_next(&in, &field) && field.number == 9 && field.value == 5);
  slim_bytes_free(&out);
  slim_bytes_free(&filler);
}
END_TEST

START_TEST(groups_are_passed_over)
{
  /* group 1 { field 2: 5, group 3 {} }, field 4: 6 */
  slim_proto in = slim_proto_of(SPAN("\x0B\x10\x05\x1B\x1C\x0C\x20\x06"));
  slim_proto_field field;
  ck_assert(slim_proto_next(&in, &field) && field.number == 4 && field.value == 6);
  ck_assert(!slim_proto_next(&in, &field) && !in.damaged);
}
END_TEST

static const slim_span damaged[] = {
  { (const unsigned char *)"\x00\x01", 2 },     /* field number 0 */
  { (const unsigned char *)"\x0F", 1 },         /* wire type 7 */
  { (const unsigned char *)"\x0C", 1 },         /* end of no group */
  { (const unsigned char *)"\x0B\x10\x05", 3 }, /* group without end */
  { (const unsigned char *)"\x0A\x05"
                           "abcd",
    6 },                                                                             /* bytes beyond the end */
  { (const unsigned char *)"\x0A\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01", 11 },     /* length of 2^64 - 1 */
  { (const unsigned char *)"\x08\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01", 12 }, /* varint of 11 bytes */
  { (const unsigned char *)"\x09"
                           "1234567",
    8 }, /* fixed64 cut off */
  { (const unsigned char *)"\x0D"
                           "123",
    4 },                                /* fixed32 cut off */
  { (const unsigned char *)"\x08", 1 }, /* tag alone */
};

START_TEST(damage_is_seen)
{
  slim_proto in = slim_proto_of(damaged[_i]);
  slim_proto_field field;
  ck_assert(!slim_proto_next(&in, &field));
  ck_assert(in.damaged);
  ck_assert(!slim_proto_next(&in, &field));
}
END_TEST

START_TEST(numbers_packed_or_not)
{
  bool bad = false;
  uint64_t value = 0;
  slim_proto_field packed = { .number = 1, .wire = SLIM_WIRE_BYTES, .bytes = SPAN("\x01\xAC\x02") };
  ck_assert(slim_proto_take(&packed, SLIM_WIRE_VARINT, &value, &bad) && value == 1);
  ck_assert(slim_proto_take(&packed, SLIM_WIRE_VARINT, &value, &bad) && value == 300);
  ck_assert(!slim_proto_take(&packed, SLIM_WIRE_VARINT, &value, &bad) && !bad);
  slim_proto_field one = { .number = 1, .wire = SLIM_WIRE_FIXED32, .value = 9 };
  ck_assert(slim_proto_take(&one, SLIM_WIRE_FIXED32, &value, &bad) && value == 9);
  ck_assert(!slim_proto_take(&one, SLIM_WIRE_FIXED32, &value, &bad) && !bad);
  slim_proto_field other = { .number = 1, .wire = SLIM_WIRE_FIXED64, .value = 9 };
  ck_assert(!slim_proto_take(&other, SLIM_WIRE_FIXED32, &value, &bad) && bad);
  bad = false;
  slim_proto_field cut = { .number = 1, .wire = SLIM_WIRE_BYTES, .bytes = SPAN("\1\2\3\4\5") };
  ck_assert(slim_proto_take(&cut, SLIM_WIRE_FIXED32, &value, &bad) && value == 0x04030201);
  ck_assert(!slim_proto_take(&cut, SLIM_WIRE_FIXED32, &value, &bad) && bad);
}
END_TEST

static void build(TCase *c)
{
  tcase_add_test(c, fields_of_all_wire_types_come_back);
  tcase_add_loop_test(c, varints_come_back, 0, (int)(sizeof varints / sizeof *varints));
  tcase_add_loop_test(c, nested_messages_of_any_length, 0, 5);
  tcase_add_test(c, groups_are_passed_over);
  tcase_add_loop_test(c, damage_is_seen, 0, (int)(sizeof damaged / sizeof *damaged));
  tcase_add_test(c, numbers_packed_or_not);
}

TEST_MAIN("protobuf", build, NULL)
