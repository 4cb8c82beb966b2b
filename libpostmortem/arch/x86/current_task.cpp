#include "arch/x86/machine.h"

namespace postmortem::x86 {
namespace {

// A variable of its own but from 6.2 (e57ef2ed97c1) to 6.14, when it was the first of struct pcpu_hot.
constexpr const char* current_tasks[] = {"current_task", "pcpu_hot"};

}  // namespace

const std::span<const char* const> current_task_variables = current_tasks;

}  // namespace postmortem::x86
