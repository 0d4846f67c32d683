"""What the doctor looks at, a module for each subject: a `Patient` goes in, findings come out."""
