// What is known of an instruction address: the function that it lies in and how to unwind from it. Both cost
// a search in large tables, and the tasks of a machine share few addresses, so each answer is kept.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <shared_mutex>
#include <string>
#include <unordered_map>

#include "arch/arch.h"
#include "kernel/unwind/orc.h"
#include "memory/address_space.h"

namespace postmortem {

struct CodePlace {
    bool is_text = false;  ///< a function of the kernel, a module or a BPF program covers the address
    bool is_init = false;  ///< of the kernel's init text: freed once it is up, and overwritten since
    std::string function;  ///< empty where none does
    std::string module;
    std::uint64_t start = 0;  ///< of the function
    std::uint64_t size = 0;
    Result<OrcEntry> orc = OrcEntry{};
};

/// Where an entry puts a frame of its own into the struct pt_regs, and how large that is.
struct FrameInRegisters {
    std::uint64_t offset = 304, size = 336;  ///< arm64's from 5.10 to 6.12
};

/// Where a CodeMap asks what it does not know yet. Thread-safe.
class CodeSource {
  public:
    virtual ~CodeSource() = default;

    virtual CodePlace look_up(std::uint64_t ip) const = 0;
    /// Whether the kernel has unwind tables at all.
    virtual bool has_tables() const { return true; }
    /// The bits of a return address that may hold a signature.
    virtual std::uint64_t signature_bits() const { return 0; }
    virtual FrameInRegisters frame_in_registers() const { return {}; }
    /// An address of the kernel's own text; 0 where none is known.
    virtual std::uint64_t some_text() const { return 0; }
    /// A quick answer that sorts out most words of a stack.
    virtual bool may_be_text(std::uint64_t address) const = 0;
    /// Tracers make functions return to code of their own, and keep the true return address elsewhere.
    virtual bool is_return_hook(const CodePlace&) const { return false; }
    /// Whether a word of a stack is the address of such code; quick, as may_be_text() is.
    virtual bool leads_to_return_hook(std::uint64_t /*address*/) const { return false; }
    /// The return address that such code stands for in `slot` on the stack of `task`, as far as it is known.
    virtual std::optional<std::uint64_t> true_return_address(const CodePlace& /*hook*/,
                                                             std::uint64_t /*task*/,
                                                             std::uint64_t /*slot*/) const {
        return std::nullopt;
    }
};

/// Thread-safe. Borrows the memory and the source.
class CodeMap {
  public:
    CodeMap(const Arch& arch, const AddressSpace& memory, const CodeSource& source)
        : arch_(arch),
          memory_(memory),
          source_(source),
          has_tables_(source.has_tables()),
          signature_bits_(source.signature_bits()),
          frame_in_registers_(source.frame_in_registers()) {}

    const Arch& arch() const { return arch_; }
    const AddressSpace& memory() const { return memory_; }
    const CodeSource& source() const { return source_; }
    bool has_tables() const { return has_tables_; }
    const FrameInRegisters& frame_in_registers() const { return frame_in_registers_; }

    /// A word of memory as the address that it is, signed or not.
    std::uint64_t unsigned_address(std::uint64_t word) const {
        return signature_bits_ != 0 ? arch_.code.signed_addresses.strip(word, signature_bits_) : word;
    }

    /// The reference stays valid as long as this object.
    const CodePlace& at(std::uint64_t ip) const;

    /// Whether `address` is where a call instruction returns to: in text, and behind the bytes of a call, as
    /// far as these are still there.
    bool is_return_address(std::uint64_t address) const;
    /// Where the direct call goes that returns to `address`; nothing where no such call stands before it.
    std::optional<std::uint64_t> call_target(std::uint64_t address) const;
    /// Whether the function that `ip` lies in has made its frame by then, as far as its instructions can be
    /// read: true where they tell nothing.
    bool has_frame(std::uint64_t ip) const;
    /// The same of the return address in that frame.
    bool keeps_link(std::uint64_t ip) const;

  private:
    static constexpr std::size_t longest_call = 8;
    using CodeTest = bool (*)(Bytes code, Endian);
    bool holds_before(std::uint64_t ip, CodeTest test) const;

    const Arch& arch_;
    const AddressSpace& memory_;
    const CodeSource& source_;
    bool has_tables_;
    std::uint64_t signature_bits_;
    FrameInRegisters frame_in_registers_;
    mutable std::shared_mutex lock_;
    mutable std::unordered_map<std::uint64_t, std::unique_ptr<const CodePlace>> places_;
};

/// A thread's own view of a CodeMap: what it has seen costs no lock.
class CodeMapView {
  public:
    explicit CodeMapView(const CodeMap& map) : map_(map) {}

    const CodePlace& at(std::uint64_t ip) {
        const CodePlace*& known = places_[ip];
        if (!known) known = &map_.at(ip);
        return *known;
    }
    const CodeMap& map() const { return map_; }

  private:
    const CodeMap& map_;
    std::unordered_map<std::uint64_t, const CodePlace*> places_;
};

}  // namespace postmortem
