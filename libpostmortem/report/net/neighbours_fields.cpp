#include <postmortem/neighbours.h>

#include "output/json.h"
#include "output/shared_fields.h"

namespace postmortem {

void describe(Describer<Neighbour>& one) {
    one.add("address", &Neighbour::address, "of its struct neighbour").address();
    one.add("ip", &Neighbour::ip, "IPv4 address");
    one.add("hardware_type", &Neighbour::hardware_type, "of the device: `ETHER`, `UNKNOWN`");
    one.add("hardware_address", &Neighbour::hardware_address, "as many bytes as the device's own has");
    one.add("device", &Neighbour::device, "its name");
    one.add("state", &Neighbour::state, "`REACHABLE`, `STALE`, `NOARP`, `PERMANENT`");
}

void describe(Describer<NeighbourList>& list) {
    list.is_document();
    list.add("neighbours", &NeighbourList::neighbours, "in the order of the table").answer();
    add_problems(list);
}

std::string to_json(const NeighbourList& list) {
    return json_document(list);
}

std::string to_ndjson(const NeighbourList& list) {
    return ndjson_lines(list);
}

}  // namespace postmortem
