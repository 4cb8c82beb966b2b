#include "kernel/unwind/kernel_code.h"

#include "kernel/lists.h"
#include "kernel/module/modules.h"

namespace postmortem {
namespace {

constexpr std::size_t most_bpf_programs = 1u << 16;
constexpr std::size_t bpf_name_length = 512;
constexpr std::uint64_t largest_bpf_program = 64ull << 20;

bool is_text_type(char type) {
    return type == 't' || type == 'T' || type == 'w' || type == 'W';
}

}  // namespace

KernelCode::KernelCode(const Kernel& kernel) : kernel_(kernel), orc_(kernel), hooks_(kernel) {
    const auto between = [&](const char* first, const char* last) {
        return Range{kernel.symbol(first).value_or(0), kernel.symbol(last).value_or(0)};
    };
    text_ = between("_stext", "_etext");
    init_text_ = between("_sinittext", "_einittext");
}

// struct bpf_ksym on bpf_kallsyms, 5.7 and later (bfea9a8574f3). BPF code has no symbol table and no unwind
// tables; it keeps frame pointers.
const KernelCode::BpfPrograms& KernelCode::bpf_programs() const {
    std::call_once(bpf_loaded_, [this] {
        const auto head = kernel_.symbol("bpf_kallsyms");
        const auto link = kernel_.types().offset_of("bpf_ksym", "lnode");
        if (!head || !link) return;
        // What cannot be read stays without a name; nothing depends on it.
        (void)for_each_list_node(
            kernel_.memory(), *head,
            [&](std::uint64_t node) {
                const Object symbol = kernel_.object("bpf_ksym", node - *link);
                const std::uint64_t start = symbol["start"].u64_or(0), end = symbol["end"].u64_or(0);
                auto name = symbol["name"].string(bpf_name_length);
                if (name && start < end && end - start <= largest_bpf_program)
                    bpf_.emplace(start, BpfProgram{end, std::move(*name)});
                return true;
            },
            most_bpf_programs);
    });
    return bpf_;
}

KernelCode::BpfPrograms::const_iterator KernelCode::find_bpf(std::uint64_t address) const {
    const BpfPrograms& programs = bpf_programs();
    auto next = programs.upper_bound(address);
    if (next == programs.begin()) return programs.end();
    --next;
    return address < next->second.end ? next : programs.end();
}

std::uint64_t KernelCode::signature_bits() const {
    const SignedAddresses& how = kernel_.arch().code.signed_addresses;
    return how.bits ? how.bits(kernel_.vmcoreinfo()) : 0;
}

FrameInRegisters KernelCode::frame_in_registers() const {
    const char* member = kernel_.arch().code.frame_pointers.in_registers;
    const auto offset = member ? kernel_.types().offset_of("pt_regs", member) : fail(ErrorCode::NotFound, "");
    const auto size = kernel_.types().size_of("pt_regs");
    return offset && size ? FrameInRegisters{*offset, *size} : FrameInRegisters{};
}

bool KernelCode::may_be_text(std::uint64_t address) const {
    if (text_.holds(address) || init_text_.holds(address)) return true;
    if (address < kernel_.arch().memory.lowest_code_address) return false;
    return kernel_.modules().find(address) != nullptr || find_bpf(address) != bpf_.end();
}

CodePlace KernelCode::look_up(std::uint64_t ip) const {
    CodePlace place;
    place.orc = orc_.find(ip);
    if (!may_be_text(ip)) return place;
    if (const auto program = find_bpf(ip); program != bpf_.end()) {
        place.is_text = true;
        place.function = program->second.name;
        place.module = "bpf";
        place.start = program->first;
        place.size = program->second.end - program->first;
        place.orc = fail(ErrorCode::NotFound, "BPF programs have no unwind tables", ip);
        return place;
    }
    auto hit = kernel_.symbol_at(ip);
    if (!hit) {
        if (const Module* module = kernel_.modules().find(ip)) place.module = module->name;
        return place;
    }
    place.is_text = is_text_type(hit->symbol.type);
    place.is_init = init_text_.holds(ip);
    place.function = std::move(hit->symbol.name);
    place.module = std::move(hit->module);
    place.start = hit->symbol.address;
    place.size = hit->size;
    return place;
}

}  // namespace postmortem
