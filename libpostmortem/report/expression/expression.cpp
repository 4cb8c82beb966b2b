#include <fmt/format.h>

#include <postmortem/expression.h>

#include "base/problem_collector.h"
#include "base/text.h"
#include "kernel/percpu.h"
#include "report/expression/evaluator.h"
#include "report/values/address_word.h"
#include "types/c_declaration.h"

namespace postmortem {
namespace {

// crash puts the name of a variable before the result where the words begin with one.
std::string leading_symbol(const Kernel& kernel, std::string_view expression) {
    const std::string_view word = trimmed(expression).substr(0, trimmed(expression).find_first_of(" \t"));
    if (word.empty() || parse_u64(word.substr(0, 1), 10)) return {};
    return resolve_symbol(kernel, word) ? std::string(word) : std::string();
}

Error typeless(const Kernel& kernel, std::string_view name, const TypedValue& shown) {
    if (shown.nodes.front().kind == ValueKind::Function)
        return {ErrorCode::MissingDebugInfo,
                fmt::format("what {} takes and returns is not in the {}", name, kernel.types().source())};
    return {ErrorCode::MissingDebugInfo, fmt::format("the type of {0} is not in the {1}, so that it is shown "
                                                     "as {2}: cast it, such as (int){0}, or give a vmlinux",
                                                     name, kernel.types().source(), shown.type)};
}

void finish_problems(ExpressionResult& result, Evaluator& evaluator) {
    ProblemCollector problems;
    for (const Error& problem : evaluator.maker().take_problems())
        problems.add("a part of the value", problem);
    problems.add_all(result.problems);
    result.problems = problems.take();
}

Result<void> add_per_cpu(const Kernel& kernel, Evaluator& evaluator, const Operand& variable,
                         const std::vector<std::uint32_t>& cpus, bool with_values, ExpressionResult& result) {
    for (const std::uint32_t cpu : cpus) {
        const auto own = per_cpu_address(kernel, variable.address, cpu);
        if (!own) return fail(own.error());
        Operand operand = variable;
        operand.address = *own;
        auto value = with_values ? evaluator.value_of(operand) : TypedValue();
        if (!value) return fail(std::move(value.error()));
        result.values.push_back({cpu, *own, std::move(*value)});
    }
    if (!result.values.empty() && with_values && !variable.untyped.empty())
        result.problems.push_back(typeless(kernel, variable.untyped, result.values.front().value));
    return {};
}

// "runqueues", "runqueues:0-3"
std::optional<Result<ExpressionResult>> per_cpu_result(const Kernel& kernel,
                                                       const ExpressionRequest& request) {
    const auto [name, cpu_words] = split_cpu_word(trimmed(request.expression));
    Evaluator evaluator(kernel, request.expression);
    const auto variable = evaluator.variable(name);
    if (!variable || !is_per_cpu_symbol(kernel, variable->address)) return std::nullopt;
    ExpressionResult result;
    result.expression = request.expression;
    result.symbol = name;
    result.per_cpu = true;
    const auto cpus = resolve_cpus(kernel, cpu_words.value_or("a"), request.current_cpu);
    if (!cpus) return Result<ExpressionResult>(fail(cpus.error()));
    if (!cpu_words)
        result.declaration = variable->untyped.empty()
                                 ? c_declaration(kernel.types_and_variables(), variable->type.id, name).text()
                                 : fmt::format("<unknown type> {}", name);
    if (auto done = add_per_cpu(kernel, evaluator, *variable, *cpus, cpu_words.has_value(), result); !done)
        return Result<ExpressionResult>(fail(std::move(done.error())));
    finish_problems(result, evaluator);
    return Result<ExpressionResult>(std::move(result));
}

// "runqueues:0" of an earlier answer.
Result<Operand> per_cpu_operand(const Kernel& kernel, std::string_view expression) {
    const auto [name, cpu_words] = split_cpu_word(trimmed(expression));
    auto variable = Evaluator(kernel, expression).variable(name);
    if (!variable || !cpu_words) return variable;
    const auto cpus = resolve_cpus(kernel, *cpu_words, 0);
    if (!cpus) return fail(cpus.error());
    const auto own = per_cpu_address(kernel, variable->address, cpus->front());
    if (!own) return fail(own.error());
    variable->address = *own;
    return variable;
}

// Each may name those before it.
std::vector<Operand> earlier_values(const Kernel& kernel, const ExpressionRequest& request) {
    std::vector<Operand> values;
    if (request.expression.find('$') == std::string::npos) return values;
    values.reserve(request.history.size());
    for (const std::string& expression : request.history) {
        auto value = Evaluator(kernel, expression, values).evaluate();
        if (!value) value = per_cpu_operand(kernel, expression);
        values.push_back(value ? std::move(*value) : Operand());
    }
    return values;
}

// "jiffies:0": crash lets the CPUs be, too.
std::string without_cpus(const Kernel& kernel, const std::string& expression) {
    const auto [name, cpu_words] = split_cpu_word(trimmed(expression));
    return cpu_words && resolve_symbol(kernel, name) ? std::string(name) : expression;
}

void name_addresses(TypedValue& value, const SymbolicNames& names, std::uint32_t address_size) {
    for (ValueNode& node : value.nodes)
        if (node.kind == ValueKind::Integer && node.byte_size == address_size)
            node.symbol = names.of(node.number);
}

// What a null pointer leads to is nothing; what the dump was made without is a part that is missing.
Result<void> check_mapped(const Kernel& kernel, const OperandTypes& types, const Operand& operand,
                          std::string_view expression) {
    const bool is_read = operand.untyped.empty() && types.kind(operand.type) != TypeKind::Function;
    if (!operand.in_memory || !is_read) return {};
    auto first = kernel.memory().get<std::uint8_t>(operand.address + operand.bit_offset / 8);
    const bool is_there = first || first.error().code == ErrorCode::PageExcluded ||
                          first.error().code == ErrorCode::PageMissing;
    if (is_there) return {};
    first.error().message = expression_error(expression, 1, first.error().message).message;
    return fail(std::move(first.error()));
}

}  // namespace

Result<ExpressionResult> evaluate_expression(const CrashDump& dump, const ExpressionRequest& request) {
    const Kernel& kernel = dump.kernel();
    if (auto result = per_cpu_result(kernel, request)) return std::move(*result);
    const std::vector<Operand> history = earlier_values(kernel, request);
    ExpressionResult result;
    result.expression = without_cpus(kernel, request.expression);
    Evaluator evaluator(kernel, result.expression, history);
    const auto operand = evaluator.evaluate();
    if (!operand) return fail(operand.error());
    if (auto mapped = check_mapped(kernel, evaluator.types(), *operand, result.expression); !mapped)
        return fail(std::move(mapped.error()));
    result.symbol = leading_symbol(kernel, result.expression);
    auto value = evaluator.value_of(*operand);
    if (!value) return fail(std::move(value.error()));
    if (request.name_numbers) name_addresses(*value, evaluator.maker().names(), kernel.memory().word_size());
    result.warnings = evaluator.take_warnings();
    if (result.expression != request.expression)
        result.warnings.push_back(
            fmt::format("{} is no per-CPU variable: which CPU makes no difference", result.expression));
    if (!operand->untyped.empty()) result.problems.push_back(typeless(kernel, operand->untyped, *value));
    result.values.push_back({std::nullopt, operand->address, std::move(*value)});
    finish_problems(result, evaluator);
    return result;
}

}  // namespace postmortem
