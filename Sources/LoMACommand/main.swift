print("loma")
