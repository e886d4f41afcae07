//! tripline-pack-sshd
