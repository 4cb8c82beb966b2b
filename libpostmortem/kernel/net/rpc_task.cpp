#include "kernel/net/rpc_task.h"

#include "kernel/module/module_types.h"

namespace postmortem {
namespace {

constexpr std::size_t longest_rpc_name = 128;
// enum rpc_display_format_t (include/linux/sunrpc/xprt.h)
constexpr std::uint64_t display_address = 0, display_port = 1;

}  // namespace

Result<RpcTaskFacts> read_rpc_task(const Kernel& kernel, std::uint64_t run_state) {
    const TypeFinder* types = &kernel.types();
    std::unique_ptr<TypeFinder> own;
    if (!types->find_struct("rpc_task")) {
        auto of_module = read_module_types(kernel, "sunrpc");
        if (!of_module) return fail(of_module.error());
        own = std::move(*of_module);
        types = own.get();
    }
    const auto offset = types->offset_of("rpc_task", "tk_runstate");
    const auto type = types->find_struct("rpc_task");
    if (!offset || !type) return fail(!offset ? offset.error() : type.error());
    const Object task(kernel.memory(), *types, *type, run_state - *offset);
    const Object client = task["tk_client"];
    const Object transport = task["tk_xprt"].u64_or(0) != 0 ? task["tk_xprt"] : client["cl_xprt"];
    RpcTaskFacts facts;
    facts.task = run_state - *offset;
    const auto server = transport["servername"].string(longest_rpc_name);
    if (!server) return fail(server.error());
    facts.server = *server;
    facts.address = transport["address_strings"].at(display_address).string(longest_rpc_name).value_or("");
    facts.port = transport["address_strings"].at(display_port).string(longest_rpc_name).value_or("");
    facts.program = client["cl_program"]["name"].string(longest_rpc_name).value_or("");
    facts.procedure = task["tk_msg"]["rpc_proc"]["p_name"].string(longest_rpc_name).value_or("");
    return facts;
}

}  // namespace postmortem
