#include "support/fake_code.h"

namespace postmortem::test {
namespace {

constexpr std::uint64_t first_stack = 0xffffc90000000000ull;
constexpr std::uint64_t stack_distance = 0x10000;

}  // namespace

FakeCode::FakeCode(Endian endian) : image(endian) {
    image.map(text, 0x10000);
}

std::uint64_t FakeCode::function(const std::string& name, Result<OrcEntry> orc) {
    const std::uint64_t start = text + functions_.size() * function_size;
    functions_[start] = {name, {{0, std::move(orc)}}};
    return start;
}

void FakeCode::entry_from(std::uint64_t function, std::uint64_t offset, OrcEntry orc) {
    functions_.at(function).orc.insert_or_assign(offset, orc);
}

std::uint64_t FakeCode::call(std::uint64_t caller, std::uint64_t offset, std::uint64_t target) {
    const std::uint64_t back = caller + offset + 5;
    image.put<std::uint8_t>(caller + offset, 0xe8);
    image.put<std::int32_t>(caller + offset + 1, static_cast<std::int32_t>(target - back));
    return back;
}

std::uint64_t FakeCode::indirect_call(std::uint64_t caller, std::uint64_t offset) {
    image.put<std::uint8_t>(caller + offset, 0xff);
    image.put<std::uint8_t>(caller + offset + 1, 0xd0);
    return caller + offset + 2;
}

StackRange FakeCode::add_stack(StackKind kind) {
    const std::uint64_t low = first_stack + stacks.size() * stack_distance;
    image.map(low, stack_size);
    stacks.push_back({low, low + stack_size, kind});
    return stacks.back();
}

void FakeCode::put_registers(std::uint64_t address, const Registers& registers) {
    for (std::size_t i = 0; i < registers.file->names.size(); ++i)
        image.put<std::uint64_t>(address + 8 * i, registers.value[i]);
}

RawBacktrace FakeCode::walk(const UnwindPosition& start, bool user_task) {
    // The map's places must outlive the frames that point to them.
    static std::vector<std::unique_ptr<CodeMap>> maps;
    maps.push_back(std::make_unique<CodeMap>(*arch, image.space(), *this));
    FrameWalker walker(*maps.back());
    RawBacktrace out;
    walker.walk(start, stacks, user_task, out);
    return out;
}

CodePlace FakeCode::look_up(std::uint64_t ip) const {
    CodePlace place;
    place.orc = fail(ErrorCode::NotFound, "no table covers the address", ip);
    if (ip == 0) place.orc = by_sp(8);
    if (!may_be_text(ip)) return place;
    const auto found = std::prev(functions_.upper_bound(ip));
    place.is_text = true;
    place.function = found->second.name;
    place.start = found->first;
    place.size = function_size;
    place.orc = std::prev(found->second.orc.upper_bound(ip - found->first))->second;
    return place;
}

bool FakeCode::may_be_text(std::uint64_t address) const {
    return address >= text && address < text + functions_.size() * function_size;
}

std::vector<std::string> functions(const RawBacktrace& trace) {
    std::vector<std::string> names;
    for (const RawFrame& frame : trace.frames) names.push_back(frame.place->function);
    return names;
}

OrcEntry by_sp(std::int16_t offset) {
    return {offset, 0, OrcRegister::Sp, OrcRegister::Undefined, OrcType::Call, false};
}

OrcEntry end_of_stack() {
    OrcEntry entry;
    entry.type = OrcType::EndOfStack;
    return entry;
}

OrcEntry exception_frame(std::int16_t offset) {
    return {offset, 0, OrcRegister::Sp, OrcRegister::Undefined, OrcType::Regs, true};
}

namespace {

Registers registers_of(std::uint64_t ip, std::uint64_t sp, std::uint64_t cs, std::uint64_t ss) {
    Registers registers(x86_64::register_file);
    for (std::size_t i = 0; i < x86_64::register_count; ++i) registers.set(i, 0);
    registers.set(x86_64::Ip, ip);
    registers.set(x86_64::Sp, sp);
    registers.set(x86_64::Cs, cs);
    registers.set(x86_64::Flags, 0x246);
    registers.set(x86_64::Ss, ss);
    return registers;
}

}  // namespace

Registers kernel_registers(std::uint64_t ip, std::uint64_t sp) {
    return registers_of(ip, sp, 0x10, 0x18);
}

Registers user_registers() {
    return registers_of(0x401000, 0x7fff0000, 0x33, 0x2b);
}

}  // namespace postmortem::test
