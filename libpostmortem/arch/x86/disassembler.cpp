#include "arch/x86/disassembler.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <vector>

#include <fmt/format.h>

#include "arch/capstone.h"
#include "arch/x86/att_words.h"
#include "arch/x86/code_prefixes.h"
#include "arch/x86/more_instructions.h"
#include "base/text.h"

namespace postmortem::x86 {
namespace {

constexpr std::string_view bad_code = "(bad)";

bool is_near_branch(const cs_x86& x86) {
    const std::uint8_t first = x86.opcode[0];
    return first == 0xe8 || first == 0xe9 || first == 0xeb || (first >= 0x70 && first <= 0x7f) ||
           (first >= 0xe0 && first <= 0xe3) || (first == 0x0f && (x86.opcode[1] & 0xf0) == 0x80) ||
           (first == 0xc7 && x86.modrm == 0xf8);
}

// lcall and ljmp to a segment and an offset.
bool is_far_pointer(const cs_x86& x86) {
    return x86.op_count == 2 && (x86.opcode[0] == 0x9a || x86.opcode[0] == 0xea);
}

bool exchanges_accumulator(const cs_x86& x86) {
    return x86.op_count == 2 && x86.opcode[0] > 0x90 && x86.opcode[0] <= 0x97 && x86.opcode[1] == 0;
}

// sha256rnds2, pblendvb, blendvps, blendvpd.
bool has_implicit_xmm0(const cs_x86& x86) {
    const auto& code = x86.opcode;
    return code[0] == 0x0f && code[1] == 0x38 && x86.op_count == 2 &&
           (code[2] == 0xcb || code[2] == 0x10 || code[2] == 0x14 || code[2] == 0x15);
}

// Which halves are multiplied is part of the name.
std::string carry_less_name(const std::string& name, const cs_x86& x86) {
    if (!name.ends_with("pclmulqdq") || x86.op_count < 3) return {};
    const cs_x86_op& halves = x86.operands[x86.op_count - 1];
    if (halves.type != X86_OP_IMM || (halves.imm & ~0x11) != 0) return {};
    return fmt::format("{}pclmul{}q{}qdq", name[0] == 'v' ? "v" : "", halves.imm & 1 ? 'h' : 'l',
                       halves.imm & 0x10 ? 'h' : 'l');
}

/// One instruction that Capstone has decoded, on its way to text.
class AttWriter {
  public:
    AttWriter(const CapstoneDecoder& decoder, const cs_insn& insn, Bytes code, bool long_mode)
        : decoder_(decoder),
          insn_(insn),
          x86_(insn.detail->x86),
          prefixes_(read_prefixes(code, long_mode)),
          long_mode_(long_mode),
          name_(insn.mnemonic) {
        // Capstone puts what it knows of prefixes into the name.
        if (const auto blank = name_.rfind(' '); blank != npos) name_.erase(0, blank + 1);
    }

    DecodedInstruction write() {
        DecodedInstruction made{insn_.size, {}, {}};
        std::string operands = operand_text(made.target);
        const std::string before = prefix_words(prefixes_, spoken(), long_mode_, repeat_word());
        const std::string head = before + name_;
        if (operands.empty() && !made.target) {
            made.text = head;
        } else if (operands.empty() || is_near_branch(x86_)) {
            made.text = fmt::format("{:<6} ", head);
        } else {
            made.text = fmt::format("{:<6} {}", head, operands);
            if (made.target) made.text += "        # ";
        }
        return made;
    }

  private:
    std::string reg(x86_reg number) const {
        std::string text = decoder_.name_of_register(number);
        if (text.starts_with("st(0)")) return "%st";
        if (text.starts_with("dr")) text.replace(0, 2, "db");
        return "%" + text;
    }
    std::string immediate(const cs_x86_op& op) const {
        if ((x86_.opcode[0] & 0xfe) == 0xd0) return "$1";  // the shift has no other
        auto value = static_cast<std::uint64_t>(op.imm);
        if (const unsigned size = immediate_width(op); size < 8) value &= (1ull << size * 8) - 1;
        return fmt::format("${:#x}", value);
    }
    unsigned immediate_width(const cs_x86_op& op) const;
    std::string memory(const cs_x86_op& op, std::optional<std::uint64_t>& target);
    std::string segment_word() const;
    bool has_displacement() const;
    std::string string_operands();
    std::string operand_text(std::optional<std::uint64_t>& target);
    void rename();
    bool needs_suffix() const;
    SpokenPrefixes spoken() const;
    const char* repeat_word() const { return is_string_move(name_) ? "rep" : "repz"; }
    const cs_x86_op* memory_operand() const {
        for (unsigned i = 0; i < x86_.op_count; ++i)
            if (x86_.operands[i].type == X86_OP_MEM) return &x86_.operands[i];
        return nullptr;
    }

    const CapstoneDecoder& decoder_;
    const cs_insn& insn_;
    const cs_x86& x86_;
    CodePrefixes prefixes_;
    bool long_mode_;
    std::string name_;
    bool segment_spoken_ = false;
};

unsigned AttWriter::immediate_width(const cs_x86_op& op) const {
    const std::string_view name = name_;
    if (name.starts_with("push")) return long_mode_ ? 8 : prefixes_.operand_size ? 2 : 4;
    if (name == "int" || name == "in" || name == "out") return 1;
    if (name == "ret" || name == "lret" || name == "enter") return 2;
    if (is_shift_name(name)) return 1;
    const cs_x86_op& first = x86_.operands[0];
    if (&first != &op && has_wide_immediate(name)) return first.size;
    return op.size;
}

std::string AttWriter::segment_word() const {
    switch (prefixes_.segment) {
        case 0x26: return long_mode_ ? "" : "%es:";
        case 0x2e: return long_mode_ ? "" : "%cs:";
        case 0x36: return long_mode_ ? "" : "%ss:";
        case 0x3e: return long_mode_ ? "" : "%ds:";
        case 0x64: return "%fs:";
        case 0x65: return "%gs:";
        default: return "";
    }
}

// A displacement is written where the code has one, zero or not.
bool AttWriter::has_displacement() const {
    const unsigned mod = x86_.modrm >> 6, rm = x86_.modrm & 7;
    if (mod != 0) return true;
    return rm == 5 || (rm == 4 && (x86_.sib & 7) == 5);
}

std::string AttWriter::memory(const cs_x86_op& op, std::optional<std::uint64_t>& target) {
    const x86_op_mem& mem = op.mem;
    std::string out = segment_word();
    segment_spoken_ |= !out.empty();
    const std::uint64_t mask = long_mode_ && !prefixes_.address_size ? ~0ull : 0xffffffffull;
    if (mem.base == X86_REG_INVALID && mem.index == X86_REG_INVALID)
        return out + fmt::format("{:#x}", static_cast<std::uint64_t>(mem.disp) & mask);
    const std::int64_t disp = mem.disp;
    if (has_displacement() || mem.base == X86_REG_INVALID)
        out += disp < 0 ? fmt::format("-{:#x}", 0 - static_cast<std::uint64_t>(disp))
                        : fmt::format("{:#x}", disp);
    if (mem.base == X86_REG_RIP || mem.base == X86_REG_EIP)
        target = insn_.address + insn_.size + static_cast<std::uint64_t>(disp);
    out += '(';
    if (mem.base != X86_REG_INVALID) out += reg(mem.base);
    const bool has_sib = (x86_.modrm & 7) == 4 && x86_.modrm < 0xc0 && mem.base != X86_REG_RIP;
    const unsigned sib_scale = 1u << (x86_.sib >> 6);
    if (mem.index != X86_REG_INVALID)
        out += fmt::format(",{},{}", reg(mem.index), sib_scale);
    else if (has_sib && ((x86_.sib & 7) != 4 || sib_scale != 1))
        out += fmt::format(",%{},{}", mask == ~0ull ? "riz" : "eiz", sib_scale);
    return out + ")";
}

// What string instructions read is in %ds or what a prefix says, what they write in %es.
std::string AttWriter::string_operands() {
    const char* const ax = x86_.opcode[0] & 1 ? prefixes_.wide()         ? "%rax"
                                                : prefixes_.operand_size ? "%ax"
                                                                         : "%eax"
                                              : "%al";
    const bool narrow = !long_mode_ || prefixes_.address_size;
    const std::string source =
        (segment_word().empty() ? "%ds:" : segment_word()) + (narrow ? "(%esi)" : "(%rsi)");
    const std::string target = narrow ? "%es:(%edi)" : "%es:(%rdi)";
    segment_spoken_ = true;
    switch (x86_.opcode[0] & 0xfe) {
        case 0x6c: return "(%dx)," + target;
        case 0x6e: return source + ",(%dx)";
        case 0xa4: return source + "," + target;
        case 0xa6: return target + "," + source;
        case 0xaa: return std::string(ax) + "," + target;
        case 0xac: return source + "," + ax;
        default: return target + "," + ax;
    }
}

void AttWriter::rename() {
    const cs_x86_op* first = x86_.op_count > 0 ? &x86_.operands[0] : nullptr;
    const unsigned width = first ? first->size : 0;
    const unsigned from = x86_.op_count > 1 ? x86_.operands[1].size : 0;
    if (name_ == "movzx" || name_ == "movsx")
        name_ = fmt::format("mov{}{}{}", name_[3], width_letter(from), width_letter(width));
    else
        name_ = att_name(name_);
    if (needs_suffix()) name_ += width_letter(memory_operand()->size);
    if (memory_operand()) name_ += float_suffix(x86_.opcode[0], x86_.modrm);
    if (name_ == "sysretl" && prefixes_.wide()) name_ = "sysretq";
    if (name_ == "crc32" && memory_operand()) name_ += width_letter(from);
    if (!long_mode_ && is_descriptor_table(name_)) name_ += 'l';
}

bool AttWriter::needs_suffix() const {
    if (!memory_operand() || !takes_suffix(name_)) return false;
    for (unsigned i = 0; i < x86_.op_count; ++i)
        if (x86_.operands[i].type == X86_OP_REG && !(is_shift_name(name_) && i + 1 == x86_.op_count))
            return false;
    return true;
}

SpokenPrefixes AttWriter::spoken() const {
    SpokenPrefixes said;
    const std::uint8_t first = x86_.opcode[0];
    const bool two_bytes = first == 0x0f;
    const bool bytewise = !two_bytes && is_byte_opcode(first);
    said.segment = segment_spoken_ || (!long_mode_ && memory_operand() != nullptr);
    said.operand_size = two_bytes ? !prefixes_.wide() || !is_general_two_byte(x86_.opcode[1]) ||
                                        x86_.opcode[1] == 0x3a || x86_.opcode[1] == 0x38
                                  : !bytewise && !prefixes_.wide() && !is_near_branch(x86_);
    said.repeat = (two_bytes && !is_general_two_byte(x86_.opcode[1])) || name_ == "pause" ||
                  name_ == "popcnt" || name_ == "tzcnt" || name_ == "lzcnt" || name_ == "vmxon" ||
                  name_.starts_with("crc32") || name_.starts_with("endbr");
    said.address_size = memory_operand() != nullptr || is_string_opcode(first);
    return said;
}

std::string AttWriter::operand_text(std::optional<std::uint64_t>& target) {
    unsigned last = 0;  // operands that the name tells
    if (is_string_opcode(x86_.opcode[0])) {
        name_ = string_name(x86_.opcode[0], prefixes_.wide(), prefixes_.operand_size);
        return string_operands();
    }
    if (is_near_branch(x86_) && x86_.op_count == 1) {
        target = static_cast<std::uint64_t>(x86_.operands[0].imm);
        name_ = att_name(name_);
        return {};
    }
    rename();
    if (const auto words = carry_less_name(name_, x86_); !words.empty()) {
        name_ = words;
        last = 1;
    }
    const bool indirect =
        x86_.opcode[0] == 0xff && (((x86_.modrm >> 3) & 7) >= 2) && (((x86_.modrm >> 3) & 7) <= 5);
    const bool port = (x86_.opcode[0] & 0xf4) == 0xe4;  // in, out
    const bool as_written = is_far_pointer(x86_) || exchanges_accumulator(x86_);
    std::string out = has_implicit_xmm0(x86_) ? "%xmm0" : "";
    for (unsigned i = 0; i < x86_.op_count - last; ++i) {
        const cs_x86_op& op = x86_.operands[as_written ? i : x86_.op_count - last - 1 - i];
        if (!out.empty()) out += ',';
        if (indirect) out += '*';
        if (op.type == X86_OP_MEM) {
            out += memory(op, target);
        } else if (op.type == X86_OP_IMM) {
            out += immediate(op);
        } else {
            const std::string name = reg(op.reg);
            out += port && name == "%dx" ? "(%dx)" : name;
        }
    }
    return out;
}

CodeRole role_of(Bytes code) {
    const std::string_view bytes = as_text(code);
    if (bytes == "\x0f\x0b") return CodeRole::BugTrap;
    if (bytes == std::string_view("\x0f\x1f\x44\x00\x00", 5)) return CodeRole::TraceHook;
    if (bytes == "\xc3") return CodeRole::Return;
    if (bytes == "\xcc") return CodeRole::Breakpoint;
    const std::size_t first = bytes.find_first_not_of("\x66\x2e");
    const std::string_view plain = bytes.substr(std::min(first, bytes.size()));
    return plain == "\x90" || plain.starts_with("\x0f\x1f") ? CodeRole::Filler : CodeRole::Any;
}

class CapstoneDisassembler final : public Disassembler {
  public:
    static std::unique_ptr<Disassembler> open(bool long_mode) {
        auto decoder = CapstoneDecoder::open(CS_ARCH_X86, long_mode ? CS_MODE_64 : CS_MODE_32, true);
        if (!decoder) return nullptr;
        return std::unique_ptr<Disassembler>(new CapstoneDisassembler(std::move(decoder), long_mode));
    }

    // arch/x86/lib/retpoline.S since 5.19 (a149180fbcf3), and stable releases before.
    const char* return_thunk() const override { return "__x86_return_thunk"; }

    DecodedInstruction decode(Bytes code, std::uint64_t address) const override {
        if (code.empty()) return {};
        code = code.first(std::min<std::size_t>(code.size(), longest_instruction));
        if (auto known = decode_what_capstone_lacks(code, long_mode_)) {
            known->role = role_of(code.first(known->size));
            return std::move(*known);
        }
        const cs_insn* const insn = decoder_->decode(code, address);
        if (insn == nullptr) return {1, std::string(bad_code), {}};
        DecodedInstruction made = AttWriter(*decoder_, *insn, code, long_mode_).write();
        made.role = role_of(code.first(made.size));
        return made;
    }

  private:
    CapstoneDisassembler(std::unique_ptr<CapstoneDecoder> decoder, bool long_mode)
        : decoder_(std::move(decoder)), long_mode_(long_mode) {}

    std::unique_ptr<CapstoneDecoder> decoder_;
    bool long_mode_;
};

}  // namespace

std::unique_ptr<Disassembler> make_disassembler_64() {
    return CapstoneDisassembler::open(true);
}

std::unique_ptr<Disassembler> make_disassembler_32() {
    return CapstoneDisassembler::open(false);
}

}  // namespace postmortem::x86
