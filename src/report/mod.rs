//! Records to text: tables for people; JSON, JSON Lines, CSV and TSV for programs.
