"""What sources read with: files outside, and formats that several of them share."""
