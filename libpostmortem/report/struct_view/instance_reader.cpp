#include "report/struct_view/instance_reader.h"

#include <algorithm>
#include <iterator>

#include <fmt/format.h>

#include "base/problem_collector.h"
#include "base/text.h"
#include "kernel/module/module_types.h"
#include "types/c_declaration.h"

namespace postmortem {

// A name that the kernel itself does not know may be a module's.
Result<InstanceReader> InstanceReader::for_type(const Kernel& kernel, std::string_view name, NamedKind kind) {
    auto known = find_named_type(kernel.types(), name, kind);
    if (known) {
        InstanceReader reader(kernel);
        reader.type_ = *known;
        return reader;
    }
    if (known.error().code != ErrorCode::NotFound) return fail(std::move(known.error()));
    auto types = find_module_types(kernel, [&](const TypeFinder& finder) {
        constexpr TypeKind kinds[] = {TypeKind::Struct, TypeKind::Union, TypeKind::Typedef, TypeKind::Enum};
        return std::any_of(std::begin(kinds), std::end(kinds),
                           [&](TypeKind one) { return finder.find(one, name).has_value(); });
    });
    if (!types && types.error().code == ErrorCode::NotFound) return fail(std::move(known.error()));
    if (!types)
        return fail(types.error().code,
                    fmt::format("{}; of modules' types not all could be read: {}", known.error().message,
                                types.error().message),
                    types.error().address);
    auto own = find_named_type(**types, name, kind);
    if (!own) return fail(std::move(own.error()));
    InstanceReader reader(kernel, std::move(*types));
    reader.type_ = *own;
    return reader;
}

Result<InstanceReader> InstanceReader::open(const Kernel& kernel, const std::string& type, NamedKind kind) {
    const std::size_t dot = type.find('.');
    auto opened = for_type(kernel, std::string_view(type).substr(0, dot), kind);
    if (!opened || dot == npos) return opened;
    InstanceReader& reader = *opened;
    for (const std::string_view path : split(std::string_view(type).substr(dot + 1), ',')) {
        auto place = find_member_path(reader.types(), reader.type_, path);
        if (!place) {
            reader.problems_.push_back(std::move(place.error()));
            continue;
        }
        reader.paths_.emplace_back(path);
        reader.places_.push_back(*place);
    }
    // The others are shown, as crash does.
    if (reader.places_.empty()) return fail(std::move(reader.problems_.front()));
    return opened;
}

std::string InstanceReader::type_name() const {
    return c_type_name(types(), type_);
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
    const Type& type = types().get(pointer);
    const ValueNode& node = shown.value.nodes.front();
    if (type.kind != TypeKind::Pointer || node.kind != ValueKind::Pointer || node.number == 0) return;
    shown.target_symbol = node.symbol;
    const TypeKind kind = types().get(type.target).kind;
    if (kind == TypeKind::Void || kind == TypeKind::Function || kind == TypeKind::Forward) return;
    if (auto first = kernel_->memory().get<std::uint8_t>(node.number); !first) {
        problems_.push_back(std::move(first.error()));
        shown.target = TypedValue{c_type_name(types(), type.target), {ValueNode{}}};
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
    shown.declaration = c_declaration(types(), place.type, shown.path).text();
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
