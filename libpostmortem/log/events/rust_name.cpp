// Rust's v0 symbol names (RFC 2603), as far as kernel stack traces need them: paths, impls and type
// arguments.
#include <array>
#include <cstdlib>
#include <memory>
#include <optional>

#include <cxxabi.h>

#include "base/text.h"
#include "log/events/function_name.h"
#include "log/text/cursor.h"

namespace postmortem {
namespace {

class RustName {
  public:
    explicit RustName(std::string_view mangled) : text_(mangled) {}

    std::optional<std::string> read() {
        if (is_digit(peek())) take();  // an encoding version
        path(true);
        if (failed_) return std::nullopt;
        return std::move(out_);
    }

  private:
    static constexpr int max_depth = 64;
    static constexpr std::size_t max_output = 1024;

    char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
    char take() {
        if (at_ >= text_.size() || out_.size() > max_output) failed_ = true;
        return failed_ ? '\0' : text_[at_++];
    }
    bool accept(char c) {
        if (failed_ || peek() != c) return false;
        ++at_;
        return true;
    }
    void put(std::string_view piece) {
        if (!muted_) out_.append(piece);
    }

    // "_" is 0, "0_" is 1, in digits, small and capital letters. Crate hashes take all 64 bits.
    std::size_t base62() {
        if (accept('_')) return 0;
        std::uint64_t value = 0;
        while (!accept('_')) {
            const char c = take();
            if (failed_) return 0;
            const int digit = is_digit(c) ? c - '0' : c >= 'a' && c <= 'z' ? c - 'a' + 10 : c - 'A' + 36;
            if (digit < 0 || digit > 61) failed_ = true;
            value = value * 62 + static_cast<std::uint64_t>(digit);
        }
        return value + 1;
    }

    void skip_disambiguator() {
        if (accept('s')) base62();
    }

    std::string_view identifier() {
        skip_disambiguator();
        accept('u');  // punycode is left as it is written
        std::size_t length = 0;
        if (!is_digit(peek())) failed_ = true;
        while (is_digit(peek()) && length < text_.size())
            length = length * 10 + static_cast<std::size_t>(take() - '0');
        accept('_');
        if (length > text_.size() - at_) failed_ = true;
        if (failed_) return {};
        const std::string_view name = text_.substr(at_, length);
        at_ += length;
        return name;
    }

    // Runs `read` at an earlier place of the same name.
    template <class Reader>
    void back_reference(std::size_t here, Reader read) {
        const std::size_t target = base62();
        if (failed_ || target >= here) {
            failed_ = true;
            return;
        }
        const std::size_t resume = at_;
        at_ = target;
        read();
        at_ = resume;
    }

    void generic_arguments() {
        put("<");
        for (bool first = true; !failed_ && !accept('E'); first = false) {
            if (!first) put(", ");
            generic_argument();
        }
        put(">");
    }

    void generic_argument() {
        if (accept('L')) {
            base62();
            put("'_");
        } else if (accept('K')) {
            constant();
        } else {
            type();
        }
    }

    void constant() {
        if (accept('p')) {
            put("_");
            return;
        }
        take();  // its type
        accept('n');
        const std::size_t begin = at_;
        while (is_hex(peek())) take();
        const auto value = parse_u64(text_.substr(begin, at_ - begin), 16);
        if (!accept('_')) failed_ = true;
        put(std::to_string(value.value_or(0)));
    }

    void impl_path() {
        skip_disambiguator();
        const bool was_muted = muted_;
        muted_ = true;
        path(false);
        muted_ = was_muted;
    }

    void path(bool is_value) {
        if (++depth_ > max_depth) failed_ = true;
        const std::size_t here = at_;
        switch (failed_ ? '\0' : take()) {
            case 'C': put(identifier()); break;
            case 'N': nested_path(is_value); break;
            case 'M':
                impl_path();
                put("<");
                type();
                put(">");
                break;
            case 'X': impl_path(); [[fallthrough]];
            case 'Y':
                put("<");
                type();
                put(" as ");
                path(false);
                put(">");
                break;
            case 'I':
                path(is_value);
                if (is_value) put("::");
                generic_arguments();
                break;
            case 'B': back_reference(here, [&] { path(is_value); }); break;
            default: failed_ = true;
        }
        --depth_;
    }

    void nested_path(bool is_value) {
        const char space = take();
        path(is_value);
        const std::size_t begin = at_;
        skip_disambiguator();
        const bool numbered = at_ != begin;
        const std::string_view name = identifier();
        if (space == 'C' || space == 'S') {
            put(space == 'C' ? "::{closure" : "::{shim");
            if (!name.empty()) put(":"), put(name);
            put(numbered ? "#1}" : "#0}");
        } else if (!name.empty()) {
            put("::");
            put(name);
        }
    }

    void type() {
        static constexpr std::string_view letters = "abcdefhijlmnopstuvxyz";
        static constexpr std::array<std::string_view, 21> basics = {
            "i8",   "bool", "char", "f64", "str", "f32", "u8",  "isize", "usize", "i32", "u32",
            "i128", "u128", "_",    "i16", "u16", "()",  "...", "i64",   "u64",   "!"};
        if (++depth_ > max_depth) failed_ = true;
        const std::size_t here = at_;
        const char c = failed_ ? '\0' : peek();
        if (const std::size_t basic = letters.find(c); c != '\0' && basic != std::string_view::npos) {
            take();
            put(basics[basic]);
        } else if (accept('R') || accept('Q')) {
            if (accept('L')) base62();
            put(c == 'R' ? "&" : "&mut ");
            type();
        } else if (accept('P') || accept('O')) {
            put(c == 'P' ? "*const " : "*mut ");
            type();
        } else if (accept('S') || accept('A')) {
            put("[");
            type();
            if (c == 'A') put("; "), constant();
            put("]");
        } else if (accept('T')) {
            put("(");
            for (bool first = true; !failed_ && !accept('E'); first = false) {
                if (!first) put(", ");
                type();
            }
            put(")");
        } else if (accept('B')) {
            back_reference(here, [&] { type(); });
        } else if (c == 'F' || c == 'D') {
            failed_ = true;  // function pointers and trait objects: not worth their grammar here
        } else {
            path(false);
        }
        --depth_;
    }

    std::string_view text_;
    std::size_t at_ = 0;
    std::string out_;
    int depth_ = 0;
    bool muted_ = false;
    bool failed_ = false;
};

// Out-of-tree modules may hold C++; the parameters go.
std::string cxx_name(std::string_view symbol) {
    int status = 0;
    const std::unique_ptr<char, decltype(&std::free)> name(
        abi::__cxa_demangle(std::string(symbol).c_str(), nullptr, nullptr, &status), &std::free);
    if (status != 0 || !name) return std::string(symbol);
    const std::string_view whole = name.get();
    return std::string(whole.substr(0, whole.find('(')));
}

}  // namespace

std::string demangled(std::string_view symbol) {
    if (symbol.starts_with("_R")) {
        if (auto name = RustName(symbol.substr(2)).read()) return std::move(*name);
    }
    if (symbol.starts_with("_Z")) return cxx_name(symbol);
    return std::string(symbol);
}

}  // namespace postmortem
