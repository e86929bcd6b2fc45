"""The only room that talks to PCP. Its face to the others is `face`; `dial` opens a host."""
