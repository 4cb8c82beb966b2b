// Rust's v0 symbol names (RFC 2603), without the hashes of crates and the types of constants.
#include <algorithm>
#include <array>
#include <cstdlib>
#include <memory>
#include <optional>

#include <cxxabi.h>
#include <fmt/format.h>

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
    static constexpr std::size_t max_steps = 1
                                             << 16;  // what refers back to what refers back doubles each time

    // Whoever goes on until a letter comes ends here, too, after a failure.
    char peek() const { return !failed_ && at_ < text_.size() ? text_[at_] : '\0'; }
    char take() {
        if (at_ >= text_.size() || out_.size() > max_output || ++steps_ > max_steps) failed_ = true;
        return failed_ ? '\0' : text_[at_++];
    }
    bool accept(char c) {
        if (peek() != c) return false;
        take();
        return !failed_;
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

    std::size_t disambiguator() { return accept('s') ? base62() + 1 : 0; }

    std::string_view identifier() {
        disambiguator();
        return plain_identifier();
    }

    std::string_view plain_identifier() {
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

    // Up to the 'E' that ends them; how many.
    template <class Reader>
    std::size_t list(std::string_view separator, Reader read) {
        std::size_t count = 0;
        for (; !failed_ && !accept('E'); ++count) {
            if (count != 0) put(separator);
            read();
        }
        return count;
    }

    // Counted from the innermost binder outwards; 0 is one without a name.
    void lifetime(std::size_t index) {
        if (index > bound_lifetimes_) failed_ = true;
        if (failed_) return;
        const std::size_t place = bound_lifetimes_ - index;
        put("'");
        if (index == 0)
            put("_");
        else if (place < 26)
            put(std::string(1, static_cast<char>('a' + place)));
        else
            put("_" + std::to_string(place));
    }

    // "for<'a, 'b> " before what `read` reads, where these lifetimes are known.
    template <class Reader>
    void binder(Reader read) {
        const std::size_t before = bound_lifetimes_, count = accept('G') ? base62() + 1 : 0;
        if (count > max_output) failed_ = true;
        if (count != 0) put("for<");
        for (std::size_t i = 0; i < count && !failed_; ++i) {
            ++bound_lifetimes_;
            if (i != 0) put(", ");
            lifetime(1);
        }
        if (count != 0) put("> ");
        read();
        bound_lifetimes_ = before;
    }

    void generic_arguments() {
        put("<");
        list(", ", [&] { generic_argument(); });
        put(">");
    }

    void generic_argument() {
        if (accept('L')) {
            lifetime(base62());
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
        const std::size_t here = at_;
        const char kind = take();
        if (kind == 'B') {
            back_reference(here, [&] { constant(); });
            return;
        }
        if (std::string_view("abcdhijlmnostxy").find(kind) == std::string_view::npos || kind == 'd')
            failed_ = true;
        if (accept('n')) put("-");
        const std::size_t begin = at_;
        while (is_hex(peek())) take();
        const std::string_view digits = text_.substr(begin, at_ - begin);
        if (!accept('_')) failed_ = true;
        if (failed_) return;
        const auto value = digits.empty() ? 0 : parse_u64(digits, 16);
        if (kind == 'b')
            put(value == 0 ? "false" : "true");
        else if (kind == 'c')
            character(value.value_or(0));
        else
            put(value ? std::to_string(*value) : "0x" + std::string(digits));
    }

    void character(std::uint64_t value) {
        const bool is_plain = value >= ' ' && value < 0x7f && value != '\'' && value != '\\';
        put(is_plain ? fmt::format("'{}'", static_cast<char>(value)) : fmt::format("'\\u{{{:x}}}'", value));
    }

    void impl_path() {
        disambiguator();
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
        const std::size_t number = disambiguator();
        const std::string_view name = plain_identifier();
        if (space == 'C' || space == 'S') {
            put(space == 'C' ? "::{closure" : "::{shim");
            if (!name.empty()) put(":"), put(name);
            put(fmt::format("#{}}}", number));
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
            put("&");
            if (const std::size_t index = accept('L') ? base62() : 0; index != 0) lifetime(index), put(" ");
            if (c == 'Q') put("mut ");
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
            put(list(", ", [&] { type(); }) == 1 ? ",)" : ")");
        } else if (accept('B')) {
            back_reference(here, [&] { type(); });
        } else if (accept('F')) {
            binder([&] { function_pointer(); });
        } else if (accept('D')) {
            put("dyn ");
            binder([&] { list(" + ", [&] { trait(); }); });
            if (!accept('L')) failed_ = true;
            if (const std::size_t index = base62(); index != 0) put(" + "), lifetime(index);
        } else {
            path(false);
        }
        --depth_;
    }

    void function_pointer() {
        if (accept('U')) put("unsafe ");
        if (accept('K')) {
            std::string convention(accept('C') ? "C" : plain_identifier());
            std::replace(convention.begin(), convention.end(), '_', '-');
            put(fmt::format("extern \"{}\" ", convention));
        }
        put("fn(");
        list(", ", [&] { type(); });
        put(")");
        if (accept('u')) return;
        put(" -> ");
        type();
    }

    // With the types that it is bound to among its arguments: "Iterator<Item = u8>".
    void trait() {
        bool is_open = open_path();
        while (accept('p')) {
            put(is_open ? ", " : "<");
            is_open = true;
            put(plain_identifier());
            put(" = ");
            type();
        }
        if (is_open) put(">");
    }

    // A path whose arguments, if it has any, are not closed yet.
    bool open_path() {
        if (++depth_ > max_depth) failed_ = true;
        const std::size_t here = at_;
        bool is_open = false;
        if (accept('B')) {
            back_reference(here, [&] { is_open = open_path(); });
        } else if (accept('I')) {
            path(false);
            put("<");
            list(", ", [&] { generic_argument(); });
            is_open = true;
        } else {
            path(false);
        }
        --depth_;
        return is_open;
    }

    std::string_view text_;
    std::size_t at_ = 0;
    std::string out_;
    int depth_ = 0;
    std::size_t steps_ = 0;
    std::size_t bound_lifetimes_ = 0;
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
