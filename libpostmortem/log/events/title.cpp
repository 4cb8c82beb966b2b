#include "log/events/title.h"

#include "base/text.h"
#include "log/text/cursor.h"

namespace postmortem {
namespace {

constexpr std::size_t max_title = 120;

bool is_alnum(char c) {
    return is_alpha(c) || is_digit(c);
}
bool is_word_of_title(char c) {
    return is_alnum(c) || c == '_';
}
bool is_lower_hex(char c) {
    return is_digit(c) || (c >= 'a' && c <= 'f');
}

template <class Predicate>
std::size_t run(std::string_view text, std::size_t at, Predicate is_part) {
    std::size_t end = at;
    while (end < text.size() && is_part(text[end])) ++end;
    return end;
}

// "syz-executor.3:1234", "syzkaller123/4": which worker it was does not matter.
std::string without_worker(std::string_view title, std::string_view worker, bool with_dot) {
    std::string out;
    while (true) {
        const std::size_t at = title.find(worker);
        if (at == std::string_view::npos) break;
        std::size_t end = at + worker.size();
        out.append(title.substr(0, end));
        std::size_t digits = end + (with_dot && end < title.size() && title[end] == '.' ? 1 : 0);
        const std::size_t number_end = run(title, digits, is_digit);
        if (number_end != digits) {
            end = number_end;
            if (end < title.size() && (title[end] == '/' || title[end] == ':')) {
                digits = run(title, end + 1, is_digit);
                if (digits != end + 1) end = digits;
            }
        }
        title.remove_prefix(end);
    }
    out.append(title);
    return out;
}

std::string with_addresses_hidden(std::string_view title) {
    std::string out;
    for (std::size_t at = 0; at < title.size();) {
        const bool starts = at != 0 && !is_alnum(title[at - 1]);
        if (starts) {
            const std::size_t prefix = title.substr(at).starts_with("0x") ? 2 : 0;
            const std::size_t end = run(title, at + prefix, is_lower_hex);
            // A pid has up to seven digits, what counts up to ten.
            const bool is_decimal =
                prefix == 0 && title[at] != '0' && end - at <= 10 && run(title, at, is_digit) == end;
            if (end - at - prefix >= 6 && !is_decimal) {
                out.append("ADDR");
                at = end;
                continue;
            }
        }
        out.push_back(title[at++]);
    }
    return out;
}

// Four decimal numbers with dots between them.
std::string with_ip_addresses_hidden(std::string_view title) {
    std::string out;
    for (std::size_t at = 0; at < title.size();) {
        std::size_t end = at;
        int fields = 0;
        while (fields < 4) {
            const std::size_t digits = run(title, end, is_digit);
            if (digits == end || digits - end > 3) break;
            ++fields;
            end = digits;
            if (fields < 4) {
                if (end >= title.size() || title[end] != '.') break;
                ++end;
            }
        }
        if (fields == 4) {
            out.append("IP");
            at = end;
        } else {
            out.push_back(title[at++]);
        }
    }
    return out;
}

// "file.c:12:3" becomes "file.c:LINE".
std::string with_lines_hidden(std::string_view title) {
    std::string out;
    for (std::size_t at = 0; at < title.size();) {
        if (title[at] == '.') {
            const std::size_t extension = run(title, at + 1, is_word_of_title);
            std::size_t end = extension;
            while (end < title.size() && title[end] == ':' && run(title, end + 1, is_digit) != end + 1) {
                end = run(title, end + 1, is_digit);
            }
            if (extension != at + 1 && end != extension) {
                out.append(title.substr(at, extension - at)).append(":LINE");
                at = end;
                continue;
            }
        }
        out.push_back(title[at++]);
    }
    return out;
}

// "ip6_fragment+0x1052/0x2d80" becomes "ip6_fragment".
std::string without_offsets(std::string_view title) {
    const auto hex_end = [&](std::size_t at) {
        if (!title.substr(at).starts_with("0x")) return at;
        const std::size_t end =
            run(title, at + 2, [](char c) { return is_digit(c) || (c >= 'a' && c <= 'z'); });
        return end == at + 2 ? at : end;
    };
    std::string out;
    for (std::size_t at = 0; at < title.size();) {
        if (title[at] == '+' && at != 0 && is_symbol(title[at - 1])) {
            const std::size_t offset = hex_end(at + 1);
            if (offset != at + 1 && offset < title.size() && title[offset] == '/' &&
                hex_end(offset + 1) != offset + 1) {
                at = hex_end(offset + 1);
                continue;
            }
        }
        out.push_back(title[at++]);
    }
    return out;
}

std::string without_cpu_numbers(std::string_view title) {
    std::string out;
    while (true) {
        const std::size_t at = title.find("CPU#");
        if (at == std::string_view::npos) break;
        const std::size_t end = run(title, at + 4, is_digit);
        out.append(title.substr(0, end == at + 4 ? end : at + 3));
        title.remove_prefix(end);
    }
    out.append(title);
    return out;
}

// Decimal numbers that stand alone, and overlong ones anywhere; "cfg80211" keeps its own.
std::string with_numbers_hidden(std::string_view title) {
    std::string out;
    for (std::size_t at = 0; at < title.size();) {
        const std::size_t end = run(title, at, is_digit);
        if (end == at) {
            out.push_back(title[at++]);
            continue;
        }
        const bool alone = at != 0 && !is_word_of_title(title[at - 1]) &&
                           (end == title.size() || !is_word_of_title(title[end]));
        out.append(alone || end - at >= 7 ? "NUM" : title.substr(at, end - at));
        at = end;
    }
    return out;
}

std::string tidy(std::string_view title) {
    std::string out;
    char before = ' ';
    for (char c : title.substr(0, max_title)) {
        if (c == '\t') c = ' ';
        if (c < 0x20 || c >= 0x7f || (c == ' ' && before == ' ')) continue;
        out.push_back(c);
        before = c;
    }
    return std::string(trimmed(out));
}

}  // namespace

std::string fill_title(std::string_view form, std::span<const std::string> captures,
                       std::span<const std::string> frames) {
    std::string out;
    while (!form.empty()) {
        const std::size_t open = form.find('{');
        out.append(form.substr(0, open));
        if (open == std::string_view::npos) break;
        const std::size_t close = form.find('}', open);
        const std::string_view name = form.substr(open + 1, close - open - 1);
        if (name.starts_with("frame")) {
            const std::size_t index = name == "frame2" ? 1 : 0;
            out.append(index < frames.size() ? frames[index] : "corrupted");
        } else if (const auto number = parse_u64(name);
                   number && *number >= 1 && *number <= captures.size()) {
            out.append(captures[*number - 1]);
        }
        form.remove_prefix(close == std::string_view::npos ? form.size() : close + 1);
    }
    return out;
}

std::string without_modules(std::string_view title) {
    std::string out;
    while (!title.empty()) {
        const std::size_t open = title.find(" [");
        const std::size_t close =
            open == std::string_view::npos ? open : run(title, open + 2, is_word_of_title);
        const bool is_module = close != std::string_view::npos && close > open + 2 && close < title.size() &&
                               title[close] == ']';
        out.append(title.substr(0, is_module ? open : close));
        title.remove_prefix(is_module ? close + 1 : std::min(close, title.size()));
    }
    return out;
}

std::string stable_title(std::string_view title) {
    std::string out = without_worker(title, "syz-executor", true);
    out = without_worker(out, "syzkaller", false);
    out = with_addresses_hidden(out);
    out = with_ip_addresses_hidden(out);
    out = with_lines_hidden(out);
    out = without_offsets(out);
    out = without_cpu_numbers(out);
    out = with_numbers_hidden(out);
    return tidy(out);
}

}  // namespace postmortem
