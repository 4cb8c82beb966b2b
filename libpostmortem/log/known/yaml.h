// YAML files as people write them, read without exceptions: every complaint names file, line and reason.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <yaml-cpp/yaml.h>

#include <postmortem/error.h>

namespace postmortem {

/// Parses one document. The file name is for messages only.
Result<YAML::Node> parse_yaml(std::string_view text, std::string_view file);

/// "known.yaml:12: reason"
Error yaml_error(std::string_view file, const YAML::Node& node, std::string_view reason);

/// A scalar; an error where the node is something else.
Result<std::string> yaml_text(std::string_view file, const YAML::Node& node);

/// A list of scalars, or one scalar alone; empty where the node is not there.
Result<std::vector<std::string>> yaml_list(std::string_view file, const YAML::Node& node);

}  // namespace postmortem
