#include <algorithm>
#include <cstdlib>

#include <fmt/format.h>

#include <postmortem/struct_view.h>

#include "base/text.h"
#include "kernel/percpu.h"
#include "report/struct_view/instance_reader.h"
#include "report/struct_view/object_check.h"
#include "report/values/address_word.h"
#include "report/values/type_layout.h"
#include "types/c_declaration.h"
#include "types/whole_types.h"

namespace postmortem {
namespace {

constexpr std::uint64_t most_instances = 1u << 20;

class StructViewer {
  public:
    StructViewer(const Kernel& kernel, const StructRequest& request, InstanceReader reader)
        : kernel_(kernel), request_(request), reader_(std::move(reader)) {
        if (request.pointers) reader_.follow_pointers();
    }

    Result<StructView> make();

  private:
    void show_layout();
    Result<void> show_instances();
    Result<void> add_instances(std::uint64_t address, std::optional<std::uint32_t> cpu);
    Result<std::uint64_t> bytes_before() const;
    void check_object(std::uint64_t address);
    Error unknown_size() const;

    const Kernel& kernel_;
    const StructRequest& request_;
    InstanceReader reader_;
    StructView view_;
};

LayoutLine line_of_path(const TypeFinder& types, const std::string& path, const MemberPathPlace& place) {
    LayoutLine line;
    line.path = path;
    line.name = path.substr(path.rfind('.') + 1);
    line.offset = place.offset;
    line.text = c_declaration(types, place.type, path).text() + ";";
    return line;
}

// Of the members that are named crash shows the lines.
void StructViewer::show_layout() {
    view_.layout = make_type_layout(reader_.types(), reader_.type());
    if (reader_.paths().empty()) {
        if (auto lack = why_types_lack_members(reader_.types())) view_.problems.push_back(std::move(*lack));
        return;
    }
    view_.some_members = true;
    std::vector<LayoutLine> lines;
    const auto& all = view_.layout->lines;
    for (std::size_t i = 0; i < reader_.paths().size(); ++i) {
        const std::string& path = reader_.paths()[i];
        const auto known =
            std::find_if(all.begin(), all.end(), [&](const auto& line) { return line.path == path; });
        lines.push_back(known != all.end() ? *known
                                           : line_of_path(reader_.types(), path, reader_.places()[i]));
        lines.back().in_part = false;
    }
    view_.layout->lines = std::move(lines);
}

// How far in front of the address the struct begins.
Result<std::uint64_t> StructViewer::bytes_before() const {
    if (request_.member.empty()) return std::uint64_t{0};
    if (const auto bytes = parse_u64(request_.member)) return *bytes;
    return offset_of_member(reader_.types(), request_.member);
}

Result<void> StructViewer::add_instances(std::uint64_t address, std::optional<std::uint32_t> cpu) {
    const auto count =
        std::min<std::uint64_t>(most_instances, static_cast<std::uint64_t>(std::llabs(request_.count)));
    if ((request_.raw || count > 1) && !knows_size(reader_.types(), reader_.type()))
        return fail(unknown_size());
    if (request_.count < 0) address -= (count - 1) * reader_.size();
    for (std::uint64_t i = 0; i < count; ++i) {
        const std::uint64_t at = address + i * reader_.size();
        auto instance = request_.raw ? reader_.read_words(at) : reader_.read(at);
        if (!instance && view_.instances.empty()) return fail(std::move(instance.error()));
        if (!instance) {
            view_.problems.push_back(std::move(instance.error()));
            break;
        }
        instance->cpu = cpu;
        if (i == 0 && !cpu) check_object(at);
        view_.instances.push_back(std::move(*instance));
    }
    return {};
}

Error StructViewer::unknown_size() const {
    const auto why = reader_.types().damage();
    return {ErrorCode::MissingDebugInfo, fmt::format("how large {} is, is not known{}", reader_.type_name(),
                                                     why ? fmt::format(": {}", why->message) : "")};
}

// An address that was named as a number may be that of anything.
void StructViewer::check_object(std::uint64_t address) {
    const Type& type = reader_.types().get(reader_.type());
    if (type.kind != TypeKind::Struct || type.name.empty()) return;
    if (auto doubt = ObjectCheck(kernel_, type.name).doubt(address))
        view_.problems.push_back(std::move(*doubt));
}

Result<void> StructViewer::show_instances() {
    const auto [word, cpu_words] = split_cpu_word(request_.at);
    const auto address = resolve_address(kernel_, word);
    if (!address) return fail(address.error());
    const auto before = bytes_before();
    if (!before) return fail(before.error());
    if (!cpu_words) {
        if (is_per_cpu_symbol(kernel_, *address) && !parse_u64(word, 16))
            return fail(ErrorCode::InvalidArgument,
                        fmt::format("each CPU has a {0} of its own: say which, {0}:0 or {0}:a", word));
        return add_instances(*address - *before, std::nullopt);
    }
    const auto cpus = resolve_cpus(kernel_, *cpu_words, request_.current_cpu);
    if (!cpus) return fail(cpus.error());
    for (const std::uint32_t cpu : *cpus) {
        const auto own = per_cpu_address(kernel_, *address, cpu);
        if (!own) return fail(own.error());
        if (auto done = add_instances(*own - *before, cpu); !done) return done;
    }
    return {};
}

Result<StructView> StructViewer::make() {
    view_.type = reader_.type_name();
    view_.word_size = kernel_.memory().word_size();
    view_.big_endian = kernel_.memory().endian() == Endian::Big;
    if (!request_.at.empty())
        if (auto done = show_instances(); !done) return fail(std::move(done.error()));
    if (request_.at.empty() || request_.offsets) show_layout();
    for (Error& problem : reader_.take_problems()) view_.problems.push_back(std::move(problem));
    return std::move(view_);
}

NamedKind named_kind_of(StructRequest::Kind kind) {
    switch (kind) {
        case StructRequest::Kind::Struct: return NamedKind::Struct;
        case StructRequest::Kind::Union: return NamedKind::Union;
        case StructRequest::Kind::Any: break;
    }
    return NamedKind::Any;
}

}  // namespace

Result<StructView> struct_view(const CrashDump& dump, const StructRequest& request) {
    auto reader = InstanceReader::open(dump.kernel(), request.type, named_kind_of(request.kind));
    if (!reader) return fail(std::move(reader.error()));
    return StructViewer(dump.kernel(), request, std::move(*reader)).make();
}

}  // namespace postmortem
