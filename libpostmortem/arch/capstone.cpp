#include "arch/capstone.h"

#include <algorithm>

#include <dlfcn.h>
#include <fmt/format.h>

#include "base/text.h"

namespace postmortem {
namespace {

#define POSTMORTEM_TEXT_OF(number) #number
#define POSTMORTEM_SONAME(major) "libcapstone.so." POSTMORTEM_TEXT_OF(major)

// Stays loaded.
struct Library {
    decltype(&::cs_open) open = nullptr;
    decltype(&::cs_close) close = nullptr;
    decltype(&::cs_option) option = nullptr;
    decltype(&::cs_malloc) allocate = nullptr;
    decltype(&::cs_free) free = nullptr;
    decltype(&::cs_disasm_iter) decode = nullptr;
    decltype(&::cs_reg_name) register_name = nullptr;
    bool whole = false;

    static const Library& get() {
        static const Library library;
        return library;
    }

  private:
    Library() {
        void* handle = ::dlopen(POSTMORTEM_SONAME(CS_API_MAJOR), RTLD_LAZY | RTLD_LOCAL);
        whole = handle != nullptr && resolve(handle, "cs_open", open) && resolve(handle, "cs_close", close) &&
                resolve(handle, "cs_option", option) && resolve(handle, "cs_malloc", allocate) &&
                resolve(handle, "cs_free", free) && resolve(handle, "cs_disasm_iter", decode) &&
                resolve(handle, "cs_reg_name", register_name);
    }

    template <class Function>
    static bool resolve(void* handle, const char* name, Function& function) {
        function = reinterpret_cast<Function>(::dlsym(handle, name));
        return function != nullptr;
    }
};

}  // namespace

bool load_capstone() {
    return Library::get().whole;
}

std::unique_ptr<CapstoneDecoder> CapstoneDecoder::open(cs_arch arch, cs_mode mode, bool with_detail) {
    const Library& library = Library::get();
    csh handle = 0;
    if (!library.whole || library.open(arch, mode, &handle) != CS_ERR_OK) return nullptr;
    if (with_detail) library.option(handle, CS_OPT_DETAIL, CS_OPT_ON);
    return std::unique_ptr<CapstoneDecoder>(new CapstoneDecoder(handle, library.allocate(handle)));
}

CapstoneDecoder::~CapstoneDecoder() {
    Library::get().free(insn_, 1);
    Library::get().close(&handle_);
}

const cs_insn* CapstoneDecoder::decode(Bytes code, std::uint64_t address) const {
    const auto* at = reinterpret_cast<const std::uint8_t*>(code.data());
    std::size_t left = code.size();
    return Library::get().decode(handle_, &at, &left, &address, insn_) ? insn_ : nullptr;
}

std::string in_decimal(std::string_view operands, bool is_signed) {
    std::string text;
    for (std::size_t at = operands.find("0x"); at != npos; at = operands.find("0x")) {
        const std::string_view digits = operands.substr(at + 2);
        const std::size_t end = std::min(digits.find_first_not_of("0123456789abcdef"), digits.size());
        const std::uint64_t number = parse_u64(digits.substr(0, end), 16).value_or(0);
        text += operands.substr(0, at);
        text += is_signed ? fmt::format("{}", static_cast<std::int16_t>(number)) : fmt::format("{}", number);
        operands = digits.substr(end);
    }
    return text + std::string(operands);
}

const char* CapstoneDecoder::name_of_register(unsigned number) const {
    return Library::get().register_name(handle_, number);
}

}  // namespace postmortem
