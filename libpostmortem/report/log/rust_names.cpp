#include <algorithm>
#include <cctype>

#include <postmortem/log_text.h>

#include "log/events/function_name.h"

namespace postmortem {
namespace {

std::string with_rust_names(std::string_view text) {
    std::string out;
    while (!text.empty()) {
        const std::size_t start = std::min(text.find("_R"), text.size());
        out += text.substr(0, start);
        text.remove_prefix(start);
        const auto is_part = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_'; };
        const auto end = std::find_if_not(text.begin(), text.end(), is_part);
        const std::string_view name = text.substr(0, static_cast<std::size_t>(end - text.begin()));
        out += demangled(name);
        text.remove_prefix(name.size());
    }
    return out;
}

}  // namespace

void write_rust_names(KernelLog& log) {
    for (PrintkRecord& record : log.records)
        if (record.text.find("_R") != std::string::npos) record.text = with_rust_names(record.text);
}

}  // namespace postmortem
