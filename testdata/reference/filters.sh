#!/usr/bin/env bash
# Makes filters.tsv: how many packets tcpdump selects with each expression of filters.txt, of each capture that shows something.
# A capture that is not named in a row has no such packet, or tcpdump refuses the expression for its link type.
set -euo pipefail
cd "$(dirname "$0")"

captures=(../captures/{filter-*,vlan*,mpls,pppoe,geneve,gre,6in4,linktype-{ipv4,loop,null,raw,sll,sll2,unknown},fragments*,ipv4-options,ipv6-extensions,icmp-*,arp,dns,handshake,http-get,snaplen-*}.pcap)

{
  echo "# $(tcpdump --version 2>&1 | head -2 | paste -sd' ')"
  while IFS= read -r expression; do
    row=
    for capture in "${captures[@]}"; do
      count=$(tcpdump -r "$capture" --count "$expression" 2>/dev/null) || continue
      count=${count%% *} name=${capture##*/}
      [ "$count" = 0 ] || row+=" ${name%.pcap}=$count"
    done
    printf '%s\t%s\n' "$expression" "${row# }"
  done <filters.txt
} >filters.tsv
