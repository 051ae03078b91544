"""What the makers of sample captures share: a home Wi-Fi, written packet by packet with scapy."""
