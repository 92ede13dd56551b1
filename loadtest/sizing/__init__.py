"""What a replica needs: the container under a steady load, held to limits of memory and CPU."""
