// One function per command, each in the file of its name.
#pragma once

#include "command.h"

namespace tool {

int extract(const std::vector<std::string>& words);
int check(const std::vector<std::string>& words);
int panic(const std::vector<std::string>& words);
int oom(const std::vector<std::string>& words);
int log(const std::vector<std::string>& words);
int bt(const std::vector<std::string>& words);
int meminfo(const std::vector<std::string>& words);
int ps(const std::vector<std::string>& words);
int rd(const std::vector<std::string>& words);
int schema(const std::vector<std::string>& words);
int report(const std::vector<std::string>& words);
int signature(const std::vector<std::string>& words);
int sys(const std::vector<std::string>& words);
int triage(const std::vector<std::string>& words);

}  // namespace tool
