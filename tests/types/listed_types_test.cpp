#include "types/listed_types.h"

#include <doctest/doctest.h>

#include "object/field.h"
#include "types/partial_types.h"

namespace listed_types_test {

using namespace postmortem;

TEST_CASE("what was listed is found, and what was not is not known") {
    ListedTypes types(8, "a list", Error(ErrorCode::MissingDebugInfo, "the rest is not known"));
    types.add("task_struct", "pid", 40, MemberShape::signed_number(4));
    types.add("task_struct", "comm", 64, MemberShape::text(16));
    types.add("task_struct", "thread.sp", 128, MemberShape::number(8));
    types.add("task_struct", "thread.cr2", 144, MemberShape::number(8));
    types.add("task_struct", "parent", 32, MemberShape::pointer("task_struct"));
    types.add("module", "mem", 320, MemberShape::array("module_memory", 3));
    types.add("module_memory", "base", 0, MemberShape::pointer());
    types.set_size(TypeKind::Struct, "module_memory", 72);
    types.set_size(TypeKind::Union, "thread_union", 16384);

    CHECK(types.source() == "a list");
    CHECK(are_partial(types));
    CHECK(types.offset_of("task_struct", "pid") == 40u);
    CHECK(Field::find(types, "task_struct", {"thread.sp"})->offset() == 128);
    CHECK(Field::find(types, "task_struct", {"thread.cr2"})->offset() == 144);
    CHECK(types.size_of("module_memory") == 72u);
    CHECK(types.get(*types.find(TypeKind::Union, "thread_union")).byte_size == 16384);

    const TypeId task = *types.find_struct("task_struct");
    CHECK(types.get(types.member(task, "comm")->type).count == 16);
    CHECK(types.get(types.member(task, "pid")->type).is_signed);
    CHECK(types.get(types.member(task, "parent")->type).target == task);
    const Type& pieces = types.get(types.member(*types.find_struct("module"), "mem")->type);
    CHECK(pieces.kind == TypeKind::Array);
    CHECK(pieces.count == 3);

    CHECK(types.find_struct("mm_struct").error().code == ErrorCode::MissingDebugInfo);
    CHECK(types.member(task, "cred").error().code == ErrorCode::MissingDebugInfo);
    CHECK(Field::find(types, "task_struct", {"cred"}).error().code == ErrorCode::MissingDebugInfo);
    CHECK(types.get(1'000'000).kind == TypeKind::Unknown);
}

}  // namespace listed_types_test
