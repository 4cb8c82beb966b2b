#include <postmortem/struct_view.h>

#include "output/json.h"
#include "report/values/typed_value_fields.h"

namespace postmortem {

void describe(Describer<MemberValue>& member) {
    member.add("member", &MemberValue::path, "as it was asked for");
    member.add("declaration", &MemberValue::declaration, "as C has it");
    member.add("value", &MemberValue::value, "what it holds");
    member.add("target", &MemberValue::target, "what it points at, with `-p`").or_left_out();
}

void describe(Describer<StructInstance>& instance) {
    instance.is("struct instance", "One struct in memory");
    instance.add("address", &StructInstance::address, "where it lies").address();
    instance.add("cpu", &StructInstance::cpu, "whose it is, of a per-CPU variable").or_left_out();
    instance.add("value", &StructInstance::value, "the whole of it")
        .left_out_unless([](const StructInstance& one) { return !one.value.nodes.empty(); });
    instance.add("members", &StructInstance::members, "those that were named").or_left_out();
    instance.add("words", &StructInstance::words, "its words, with `-r`").address().or_left_out();
}

void describe(Describer<StructView>& view) {
    view.is_document();
    view.add("type", &StructView::type, "its name");
    view.add("layout", &StructView::layout, "how it is declared, where no instance was named").or_left_out();
    view.add("instances", &StructView::instances, "what lies at the address").answer();
    add_problems(view);
}

std::string to_json(const StructView& view) {
    return json_document(view);
}

}  // namespace postmortem
