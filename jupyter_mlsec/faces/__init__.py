"""What a user touches. A face turns a gesture into a call of the engine, and the answer back."""
