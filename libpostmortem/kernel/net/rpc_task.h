// A task of SunRPC (net/sunrpc/sched.c, clnt.c): which server it waits for. Its
// types are the module's.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "kernel/kernel.h"

namespace postmortem {

struct RpcTaskFacts {
    std::uint64_t task = 0;     ///< struct rpc_task
    std::string server;         ///< its name, or address as it was given. Untrusted
    std::string address, port;  ///< as the transport has them. Untrusted
    std::string program;        ///< "nfs". Untrusted
    std::string procedure;      ///< "READ"; empty where there is none. Untrusted
};

/// Of the task whose `tk_runstate` lies at `run_state`. NotFound where the
/// module brought no types.
Result<RpcTaskFacts> read_rpc_task(const Kernel& kernel, std::uint64_t run_state);

}  // namespace postmortem
