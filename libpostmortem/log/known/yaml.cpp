#include "log/known/yaml.h"

#include <fmt/format.h>

#include "base/text.h"

namespace postmortem {
namespace {

constexpr std::size_t max_yaml = 64u << 20;

// yaml-cpp recurses into nested collections; nobody nests this deep on purpose.
bool nests_too_deep(std::string_view text) {
    int depth = 0;
    for (const char c : text) {
        if (c == '[' || c == '{') ++depth;
        if (c == ']' || c == '}') depth = depth > 0 ? depth - 1 : 0;
        if (depth > 200) return true;
    }
    return false;
}

}  // namespace

Result<YAML::Node> parse_yaml(std::string_view text, std::string_view file) {
    if (text.size() > max_yaml || nests_too_deep(text)) {
        return fail(ErrorCode::InvalidArgument, fmt::format("{}: too large or too deeply nested", file));
    }
    try {
        return YAML::Load(std::string(text));
    } catch (const YAML::Exception& problem) {
        return fail(ErrorCode::InvalidArgument,
                    fmt::format("{}:{}: {}", file, problem.mark.line + 1, problem.msg));
    }
}

Error yaml_error(std::string_view file, const YAML::Node& node, std::string_view reason) {
    return {ErrorCode::InvalidArgument, fmt::format("{}:{}: {}", file, node.Mark().line + 1, reason)};
}

Result<std::string> yaml_text(std::string_view file, const YAML::Node& node) {
    if (!node.IsScalar()) return fail(yaml_error(file, node, "a single value is wanted here"));
    return std::string(trimmed(node.Scalar()));
}

Result<std::vector<std::string>> yaml_list(std::string_view file, const YAML::Node& node) {
    std::vector<std::string> list;
    if (!node || node.IsNull()) return list;
    if (node.IsScalar()) {
        list.push_back(std::string(trimmed(node.Scalar())));
        return list;
    }
    if (!node.IsSequence()) return fail(yaml_error(file, node, "a list is wanted here"));
    for (const YAML::Node& item : node) {
        auto text = yaml_text(file, item);
        if (!text) return fail(text.error());
        list.push_back(std::move(*text));
    }
    return list;
}

}  // namespace postmortem
