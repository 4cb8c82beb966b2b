// The value of a C expression over the crashed kernel's memory, and what a name stands for. What `p` and
// `whatis` print.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <postmortem/crash_dump.h>
#include <postmortem/problem.h>
#include <postmortem/type_layout.h>
#include <postmortem/typed_value.h>

namespace postmortem {

struct ExpressionRequest {
    std::string expression;                 ///< also "SYMBOL:CPUS" of a per-CPU variable: "runqueues:a"
    std::uint32_t current_cpu = 0;          ///< that "SYMBOL:" stands for
    std::vector<std::string> history = {};  ///< the expressions whose values "$1", "$2" and so on are
    bool name_numbers = false;              ///< as addresses, as far as they are large enough
};

struct ExpressionValue {
    std::optional<std::uint32_t> cpu;  ///< of a per-CPU variable
    std::uint64_t address = 0;         ///< of that
    TypedValue value;
};

struct ExpressionResult {
    std::string expression;
    std::string symbol;    ///< the variable that it begins with, as crash puts before a result
    bool per_cpu = false;  ///< `symbol` is a per-CPU variable
    std::string
        declaration;  ///< of such a variable, where no CPUs are named: then `values` are addresses alone
    std::vector<ExpressionValue> values;
    std::vector<std::string> warnings;  ///< what gdb warns of: shifts by too much
    Problems problems;
};

/// InvalidArgument, with the column, where it makes no sense.
POSTMORTEM_API Result<ExpressionResult> evaluate_expression(const CrashDump& dump,
                                                            const ExpressionRequest& request);

struct ExpressionStyle {
    bool hexadecimal = false;
    char format = 0;           ///< as in ValueStyle
    std::uint32_t number = 1;  ///< of the first value, as gdb counts them: $1
};
POSTMORTEM_API std::string to_text(const ExpressionResult& result, const ExpressionStyle& style = {});
POSTMORTEM_API std::string to_json(const ExpressionResult& result);

struct WhatIs {
    std::string name;
    std::string declaration;           ///< of a variable or a function: "struct task_struct init_task;"
    std::optional<TypeLayout> layout;  ///< of a type
    bool some_members = false;         ///< the layout has the lines of the members that were named
    Problems problems;
};

/// `name` is "task_struct", "struct page", "task_struct.comm", "atomic_t", "init_task", "schedule". NotFound.
POSTMORTEM_API Result<WhatIs> what_is(const CrashDump& dump, const std::string& name);
POSTMORTEM_API std::string to_text(const WhatIs& answer, const LayoutStyle& style = {});
POSTMORTEM_API std::string to_json(const WhatIs& answer);

}  // namespace postmortem
