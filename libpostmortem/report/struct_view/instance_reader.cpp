#include "report/struct_view/instance_reader.h"

#include <fmt/format.h>

#include "base/problem_collector.h"
#include "base/text.h"
#include "types/c_declaration.h"

namespace postmortem {

Result<InstanceReader> InstanceReader::open(const Kernel& kernel, const std::string& type, NamedKind kind) {
    InstanceReader reader(kernel);
    const std::size_t dot = type.find('.');
    const auto found = find_named_type(kernel.types(), type.substr(0, dot), kind);
    if (!found) return fail(found.error());
    reader.type_ = *found;
    if (dot == npos) return reader;
    for (const std::string_view path : split(std::string_view(type).substr(dot + 1), ',')) {
        auto place = find_member_path(kernel.types(), reader.type_, path);
        if (!place) {
            reader.problems_.push_back(std::move(place.error()));
            continue;
        }
        reader.paths_.emplace_back(path);
        reader.places_.push_back(*place);
    }
    // The others are shown, as crash does.
    if (reader.places_.empty()) return fail(std::move(reader.problems_.front()));
    return reader;
}

std::string InstanceReader::type_name() const {
    return c_type_name(kernel_->types(), type_);
}

Result<void> InstanceReader::check_readable(std::uint64_t address) const {
    auto first = kernel_->memory().get<std::uint8_t>(address);
    if (first) return {};
    first.error().message = fmt::format("no {} can be read: {}", type_name(), first.error().message);
    return fail(std::move(first.error()));
}

Result<void> InstanceReader::check_budget() const {
    if (!maker_.is_spent() && words_read_ < ValueMaker::most_parts) return {};
    return fail(ErrorCode::Unsupported,
                fmt::format("the rest is not shown, since one answer has at most {} parts: ask for some "
                            "members, or for fewer",
                            ValueMaker::most_parts));
}

Result<StructInstance> InstanceReader::read(std::uint64_t address) {
    StructInstance instance;
    instance.address = address;
    if (auto budget = check_budget(); !budget) return fail(std::move(budget.error()));
    if (auto readable = check_readable(address); !readable) return fail(std::move(readable.error()));
    if (paths_.empty()) instance.value = maker_.at(type_, address);
    for (std::size_t path = 0; path < paths_.size(); ++path)
        instance.members.push_back(member_value(path, address));
    return instance;
}

Result<StructInstance> InstanceReader::read_words(std::uint64_t address) {
    StructInstance instance;
    instance.address = address;
    if (auto budget = check_budget(); !budget) return fail(std::move(budget.error()));
    if (auto readable = check_readable(address); !readable) return fail(std::move(readable.error()));
    for (std::uint64_t at = 0; at < size(); at += kernel_->memory().word_size()) {
        auto word = kernel_->memory().word(address + at);
        if (!word) {
            problems_.push_back(std::move(word.error()));
            break;
        }
        instance.words.push_back(*word);
        ++words_read_;
    }
    return instance;
}

void InstanceReader::follow(MemberValue& shown, TypeId pointer) {
    const Type& type = kernel_->types().get(pointer);
    const ValueNode& node = shown.value.nodes.front();
    if (type.kind != TypeKind::Pointer || node.kind != ValueKind::Pointer || node.number == 0) return;
    shown.target_symbol = node.symbol;
    const TypeKind kind = kernel_->types().get(type.target).kind;
    if (kind == TypeKind::Void || kind == TypeKind::Function || kind == TypeKind::Forward) return;
    if (auto first = kernel_->memory().get<std::uint8_t>(node.number); !first) {
        problems_.push_back(std::move(first.error()));
        shown.target = TypedValue{c_type_name(kernel_->types(), type.target), {ValueNode{}}};
        shown.target->nodes.front().kind = ValueKind::Unreadable;
        return;
    }
    shown.target = maker_.at(type.target, node.number);
}

MemberValue InstanceReader::member_value(std::size_t index, std::uint64_t address) {
    const MemberPathPlace& place = places_[index];
    MemberValue shown;
    shown.path = paths_[index];
    shown.level = place.nesting + 1;
    shown.last = place.last;
    shown.declaration = c_declaration(kernel_->types(), place.type, shown.path).text();
    const std::uint64_t at = address + place.offset;
    shown.value = place.bit_size == 0 ? maker_.at(place.type, at)
                                      : maker_.bit_field(place.type, at, place.bit_offset, place.bit_size);
    if (follows_ && !shown.value.nodes.empty()) follow(shown, place.type);
    return shown;
}

Problems InstanceReader::take_problems() {
    ProblemCollector collector;
    for (const Error& problem : maker_.take_problems()) collector.add("a part of a value", problem);
    collector.add_all(std::exchange(problems_, {}));
    return collector.take();
}

}  // namespace postmortem
